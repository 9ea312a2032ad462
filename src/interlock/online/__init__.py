"""Steps of a migration that let people work meanwhile. Importable in a revision; `docs/how-to/online-migrations.md`.

Each commits as it goes, outside of the revision's transaction, and can be run again after it was cut off anywhere.
"""

from interlock.online.backfill import backfill
from interlock.online.foreign_key import create_foreign_key
from interlock.online.index import create_index, drop_index
from interlock.online.not_null import set_not_null
from interlock.online.rename import finish_rename, rename_column
from interlock.online.session import NotOnline

__all__ = [
    "NotOnline",
    "backfill",
    "create_foreign_key",
    "create_index",
    "drop_index",
    "finish_rename",
    "rename_column",
    "set_not_null",
]
