"""Log an identity in."""

from collections.abc import Awaitable, Callable, Mapping

from interlock.probes.credential import Credential, NotLoggedIn
from interlock.probes.exchange import Outgoing
from interlock.probes.expectation import REFUSED
from interlock.probes.identity import GivenToken, Identity, SignIn, TokenCommand
from interlock.probes.json_value import parse_json, pick
from interlock.probes.probe import Proof
from interlock.probes.reply import NoReply, Reply
from interlock.probes.token_command import run_token_command

Send = Callable[[Outgoing], Awaitable[Reply | NoReply]]


async def log_in(identity: Identity, base_url: str, send: Send) -> Credential | NotLoggedIn:
    """Get the credential of an identity, or the reason why there is none.

    Without a way to try, nothing is known: UNPROVED. Where the application itself turns a configured identity
    away, or its door does not answer, real people cannot get in either: FAILED.
    """
    match identity.source:
        case GivenToken(variable, value):
            missing = NotLoggedIn(f"nobody could be logged in as {identity.name}: {variable} is not set")
            return _of_token(value, identity) if value and value.strip() else missing
        case TokenCommand() as command:
            printed = await run_token_command(command)
            return printed if isinstance(printed, NotLoggedIn) else _of_token(printed, identity)
        case SignIn() as sign_in:
            return _read_sign_in(await send(_request(sign_in, base_url)), sign_in, identity)


def _of_token(text: str, identity: Identity) -> Credential | NotLoggedIn:
    token = text.strip()
    if not token:
        return NotLoggedIn(f"nobody could be logged in as {identity.name}: the token is empty")
    if not _fits_a_header(token):
        return NotLoggedIn(
            f"nobody could be logged in as {identity.name}: the token has a line break or a character in it "
            "that no header may hold"
        )
    return Credential.of_token(token, identity.header)


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _request(sign_in: SignIn, base_url: str) -> Outgoing:
    fields = dict(sign_in.body)
    url = base_url + sign_in.path
    return Outgoing(sign_in.method, url, form=fields) if sign_in.is_form else Outgoing(sign_in.method, url, json=fields)


def _read_sign_in(reply: Reply | NoReply, sign_in: SignIn, identity: Identity) -> Credential | NotLoggedIn:
    door = f"signing in as {identity.name} at {sign_in.path.partition('?')[0]}"
    if isinstance(reply, NoReply):
        return NotLoggedIn(f"{door} failed: {reply.reason}", Proof.FAILED)
    if reply.status == 429:
        # The door works, it only wants us to wait: nothing is known about what lies behind it.
        return NotLoggedIn(f"{door} was answered 429: too many attempts")
    # A form that logs somebody in by a cookie answers with a redirect to the first page.
    is_answered = reply.is_success or (reply.is_redirect and sign_in.token_field is None)
    if not is_answered:
        refusal = ": a valid identity was refused" if reply.status in REFUSED else ""
        return NotLoggedIn(f"{door} was answered {reply.status}{refusal}", Proof.FAILED)
    if sign_in.token_field is None:
        return _of_cookies(reply.cookies, door)
    return _of_answer(reply, sign_in.token_field, identity, door)


def _of_cookies(cookies: Mapping[str, str], door: str) -> Credential | NotLoggedIn:
    usable = {name: value for name, value in cookies.items() if _fits_a_header(name + value)}
    if not usable:
        return NotLoggedIn(f"{door} set no cookie, and no field of a token is configured", Proof.FAILED)
    return Credential.of_cookies(usable)


def _of_answer(reply: Reply, field: str, identity: Identity, door: str) -> Credential | NotLoggedIn:
    try:
        token = pick(parse_json(reply.body), field)
    except (ValueError, RecursionError):
        return NotLoggedIn(f"{door} was answered {reply.status}, but not with JSON", Proof.FAILED)
    if not isinstance(token, str) or not token.strip():
        return NotLoggedIn(f"{door} was answered {reply.status}, but without a token in {field}", Proof.FAILED)
    return _of_token(token, identity)
