"""Ask every endpoint as everybody it expects something of."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import httpx2

from interlock.errors import InvalidSetting
from interlock.probes.address import base_of, check_paths
from interlock.probes.build import BuildCheck, read_build
from interlock.probes.classify import classify
from interlock.probes.credential import NO_CREDENTIAL, Credential, NotLoggedIn, wrong_credential
from interlock.probes.detail import Detail
from interlock.probes.exchange import Outgoing, exchange, open_client
from interlock.probes.expectation import with_defaults
from interlock.probes.heard import Heard, Sifted
from interlock.probes.identity import BEARER, Identity
from interlock.probes.log_in import log_in
from interlock.probes.probe import ANONYMOUS, INVALID, Answer, Asked, Probe
from interlock.probes.redact import tidy
from interlock.probes.reply import NoReply, Reply


def ask(
    base_url: str,
    probes: Iterable[Probe],
    identities: Iterable[Identity] = (),
    *,
    details: Iterable[Detail] = (),
    timeout_seconds: float = 10.0,
    build: BuildCheck | None = None,
    at_once: int = 8,
) -> Asked:
    """Ask the build id, log every identity in once, then ask each probe as each identity it names, then the details.

    The answers come in the order of the probes and details, then of the identities. Whatever method a probe names is
    sent: probes that come from a document are all GET. A detail is asked for what its lists have told that identity.
    Call it where no event loop runs.
    """
    known = tuple(identities)
    names = [identity.name for identity in known]
    if len(set(names)) < len(names):
        raise InvalidSetting("two identities have the same name", "give each identity a name of its own")
    if at_once < 1 or timeout_seconds <= 0:
        raise InvalidSetting("nothing can be asked at once, or in no time", "give numbers above zero")
    asked_for = tuple(with_defaults(probe, names) for probe in probes)
    check_paths(asked_for)
    caller = _Caller(base_of(base_url), asked_for, tuple(details), known, timeout_seconds, at_once)
    # An event loop, because only there a time-out can be total: one that holds from the look-up of the name
    # to the last byte, also against a server that drips.
    return asyncio.run(caller.ask(build))


@dataclass(frozen=True, slots=True)
class _Caller:
    base_url: str
    probes: Sequence[Probe]
    details: Sequence[Detail]
    identities: Sequence[Identity]
    timeout_seconds: float
    at_once: int

    async def ask(self, build: BuildCheck | None) -> Asked:
        async with open_client() as client:
            told = None if build is None else await self._ask_build(client, build)
            credentials = await self._log_in(client)
            gate = asyncio.Semaphore(self.at_once)
            secrets = tuple(
                secret
                for credential in credentials.values()
                if isinstance(credential, Credential)
                for secret in credential.secrets
            )
            heard = Heard({by for detail in self.details for _, by in detail.lists})

            async def ask_all(questions: Iterable[tuple[Probe, str]]) -> None:
                wanted = tuple(questions)
                asking = (
                    self._ask_one(client, gate, probe, name, credentials.get(name), secrets, heard)
                    for probe, name in wanted
                )
                for (probe, name), (answer, sifted) in zip(wanted, await asyncio.gather(*asking), strict=True):
                    heard.note(probe, name, answer, sifted)

            await ask_all((probe, name) for probe in self.probes for name in self._in_order(probe))
            # What a list of details tells is needed by those with one parameter more.
            for _, details in groupby(sorted(self.details, key=_depth), key=_depth):
                filled = [heard.fill(detail, self._in_order(detail.probe)) for detail in details]
                await ask_all((probe, name) for by_name in filled for name, probe in by_name.items())
            return heard.close(told)

    async def _ask_build(self, client: httpx2.AsyncClient, build: BuildCheck) -> str | None:
        outgoing = Outgoing("GET", self.base_url + build.path)
        return read_build(await exchange(client, outgoing, self.timeout_seconds), build)

    async def _log_in(self, client: httpx2.AsyncClient) -> Mapping[str, Credential | NotLoggedIn]:
        async def send(outgoing: Outgoing) -> Reply | NoReply:
            return await exchange(client, outgoing, self.timeout_seconds)

        asked = (*self.probes, *(detail.probe for detail in self.details))
        wanted = {name for probe in asked for name in probe.expect}
        needed = [identity for identity in self.identities if identity.name in wanted]
        told = await asyncio.gather(*(log_in(identity, self.base_url, send) for identity in needed))
        # A wrong token proves something only where the application looks for tokens.
        header = self.identities[0].header if self.identities else BEARER
        nobody = {ANONYMOUS: NO_CREDENTIAL, INVALID: wrong_credential(header)}
        return nobody | {identity.name: credential for identity, credential in zip(needed, told, strict=True)}

    def _in_order(self, probe: Probe) -> list[str]:
        names = [ANONYMOUS, INVALID, *(identity.name for identity in self.identities)]
        unknown = sorted(probe.expect.keys() - set(names))
        return [name for name in (*names, *unknown) if name in probe.expect]

    async def _ask_one(
        self,
        client: httpx2.AsyncClient,
        gate: asyncio.Semaphore,
        probe: Probe,
        name: str,
        credential: Credential | NotLoggedIn | None,
        secrets: tuple[str, ...],
        heard: Heard,
    ) -> tuple[Answer, Sifted]:
        if credential is None:
            credential = NotLoggedIn(f"no way to log in as {name} is configured")
        if isinstance(credential, NotLoggedIn):
            reason = tidy(credential.reason, secrets)
            return Answer(probe.name, name, None, credential.proof, reason), Sifted()
        outgoing = Outgoing(probe.method, self.base_url + probe.path, credential.headers, probe.body)
        async with gate:
            reply = await exchange(client, outgoing, self.timeout_seconds)
            # In a thread: checking megabytes against a schema would use up the time of the other answers.
            answer = await asyncio.to_thread(classify, probe, name, reply, secrets=secrets)
            return answer, await asyncio.to_thread(heard.sift, probe, name, reply)


def _depth(detail: Detail) -> int:
    return len(detail.lists)
