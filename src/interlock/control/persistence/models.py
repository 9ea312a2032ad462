"""Every table, and the metadata that holds them all."""

from interlock.control.persistence import (
    audit,
    flags,
    invitations,
    modules,
    organisations,
    receipts,
    releases,
    requests,
    sessions,
    sign_in,
    users,
)
from interlock.control.persistence.base import Base

MODELS = (
    organisations.OrganisationRow,
    users.UserRow,
    users.LoginRow,
    sign_in.SignInAttemptsRow,
    invitations.InvitationRow,
    receipts.ReceiptRow,
    flags.FlagRow,
    flags.OverrideRow,
    flags.FlagUseRow,
    audit.AuditEventRow,
    modules.ModuleRow,
    modules.OrganisationModuleRow,
    modules.ModuleUseRow,
    requests.RequestCountRow,
    sessions.SessionRow,
    releases.ReleaseRow,
    releases.EndpointRow,
)
METADATA = Base.metadata

TENANT_TABLES = tuple(
    sorted(
        table.name
        for table in METADATA.tables.values()
        if table is organisations.OrganisationRow.__table__ or "organisation_id" in table.columns
    )
)
"""The tables whose rows belong to one organisation each."""
