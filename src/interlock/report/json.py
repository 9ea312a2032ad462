"""A release record for programs: stable, versioned, described by `schema.json` beside this file."""

import json
from datetime import datetime
from typing import Any

from interlock.hazards.hazard import Hazard
from interlock.hazards.sql import words_of
from interlock.hazards.statement import Statement, Weight
from interlock.release.record import Backup, Blamed, ReleaseRecord, Stage, Step, Verification
from interlock.report.change import change_as_json
from interlock.report.endpoints import Pair, Said, pair_answers
from interlock.report.headline import headline
from interlock.report.statements import signal_of
from interlock.report.steps import progress
from interlock.report.wording import end, in_utc
from interlock.verdict.finding import Finding

FORMAT = "interlock-release/1"
"""Another number once a reader of this format could break; new fields do not change it."""


def as_json(record: ReleaseRecord) -> str:
    """Write a release record as one JSON document. It holds nothing that the record does not."""
    # Escaping keeps every character of a hostile name, and the text encodable anywhere.
    return json.dumps(_release(record), indent=2, ensure_ascii=True) + "\n"


def _release(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": record.id,
        "command": record.command,
        "project": record.project,
        "tool_version": record.tool_version,
        "began": _time(record.began),
        "ended": _time(end(record)),
        "seconds": record.seconds,
        "verdict": {
            "signal": record.verdict.signal.name,
            "headline": headline(record),
            "findings": [_finding(finding) for finding in record.verdict.worst_first],
            "unproved": list(record.unproved),
        },
        "target": _target(record),
        "timeline": [_stage(stage) for stage in record.timeline],
        "plan": _plan(record),
        "revisions": _revisions(record),
        "statements": [_statement(record, statement) for statement in record.statements],
        "tables": [_weight(weight) for weight in record.weights],
        "backup": _backup(record.backup),
        "before": _verification(record.before),
        "after": _verification(record.after),
        "mapped_classes": record.mapped_classes,
        "build": _build(record),
        "endpoints": [_endpoint(pair) for pair in pair_answers(record)],
    }


def _time(time: datetime) -> str:
    return in_utc(time).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check.value,
        "signal": finding.signal.name,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _target(record: ReleaseRecord) -> dict[str, Any] | None:
    target = record.target
    if target is None:
        return None
    return {
        "host": target.host,
        "port": target.port,
        "database": target.database,
        "role": target.role,
        "server_version": target.server_version,
        "system_identifier": target.system_identifier,
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "check": stage.check.value,
        "began_seconds": stage.began,
        "seconds": stage.seconds,
        "signal": stage.signal.name,
        "summary": stage.summary,
    }


def _plan(record: ReleaseRecord) -> dict[str, Any] | None:
    plan = record.plan
    if plan is None:
        return None
    return {"current": list(plan.current), "head": plan.head, "steps": [_step(step) for step in plan.steps]}


def _step(step: Step) -> dict[str, str]:
    return {"revision": step.revision, "message": step.message, "path": step.path}


def _revisions(record: ReleaseRecord) -> list[dict[str, Any]]:
    return [
        _step(one.step) | {"state": one.state.value, "seconds": one.seconds, "output": one.output}
        for one in progress(record)
    ]


def _statement(record: ReleaseRecord, statement: Statement) -> dict[str, Any]:
    return {
        "revision": statement.revision,
        "file": statement.file,
        "line": statement.line,
        "sql": words_of(statement.sql),
        "is_autocommit": statement.is_autocommit,
        "locks": [{"table": lock.table, "mode": str(lock.mode)} for lock in statement.locks],
        "rewritten": list(statement.rewritten),
        "scanned": list(statement.scanned),
        "created": [{"kind": made.kind, "name": made.name, "table": made.table} for made in statement.created],
        "dropped": [{"kind": made.kind, "name": made.name, "table": made.table} for made in statement.dropped],
        "hazards": [_hazard(hazard) for hazard in record.hazards if hazard.statement == statement],
        "remarks": [
            {"tool": each.tool, "rule": each.rule, "message": each.message}
            for each in record.remarks
            if each.statement == statement
        ],
    }


def _hazard(hazard: Hazard) -> dict[str, Any]:
    answer = hazard.accepted or hazard.expired
    return {
        "rule": hazard.rule,
        "table": hazard.table,
        "harm": hazard.harm.name.lower(),
        "signal": signal_of(hazard).name,
        "message": hazard.message,
        "remedy": hazard.remedy,
        "seconds": hazard.seconds,
        "basis": hazard.basis,
        "is_accepted": hazard.accepted is not None,
        "acceptance": answer
        and {
            "place": answer.place,
            "reason": answer.reason,
            "until": answer.until.isoformat() if answer.until else None,
        },
    }


def _weight(weight: Weight) -> dict[str, Any]:
    return {
        "table": weight.table,
        "bytes": weight.bytes,
        "index_bytes": weight.index_bytes,
        "rows": weight.rows,
        "writes_per_second": weight.writes_per_second,
        "reads_per_second": weight.reads_per_second,
        "is_in_use": weight.is_in_use,
        "held_by": list(map(str, weight.holders)),
    }


def _backup(backup: Backup | None) -> dict[str, Any] | None:
    if backup is None:
        return None
    return {
        "way": backup.way,
        "place": backup.place,
        "of": list(backup.tables),
        "is_made": backup.is_made,
        "file": backup.file,
        "bytes": backup.bytes,
        "rows": [{"table": each.table, "rows": each.rows} for each in backup.rows],
        "restore": backup.restore,
    }


def _verification(verification: Verification | None) -> dict[str, Any] | None:
    if verification is None:
        return None
    return {
        "claimed": list(verification.claimed),
        "located": list(verification.located),
        "is_located": verification.is_located,
        "compared_objects": verification.compared_objects,
        "drift": [_change(blamed) for blamed in verification.drift],
    }


def _change(blamed: Blamed) -> dict[str, Any]:
    return change_as_json(blamed.change) | {"made_by": blamed.maker, "signal": blamed.signal.name}


def _build(record: ReleaseRecord) -> dict[str, str | None]:
    before, after = record.asked_before, record.asked_after
    return {
        "expected": record.expected_build,
        "before": before.build if before else None,
        "after": after.build if after else None,
    }


def _endpoint(pair: Pair) -> dict[str, Any]:
    return {
        "probe": pair.probe,
        "identity": pair.identity,
        "proof": pair.proof,
        "before": _said(pair.before),
        "after": _said(pair.after),
    }


def _said(said: Said | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        "status": said.code,
        "proof": said.proof,
        "reason": said.reason,
        "seconds": said.seconds,
    }
