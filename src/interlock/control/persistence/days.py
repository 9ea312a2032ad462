"""The last days, each of them there, also where nothing happened: what every series counts along."""

from datetime import date

from sqlalchemy import CTE, Cast, Date, cast, func, select, text

LENGTH = 30


def last_days() -> CTE:
    """The last 30 days with today, by UTC, as one column `day`."""
    series = func.generate_series(today() - (LENGTH - 1), today(), text("interval '1 day'")).column_valued("moment")
    return select(cast(series, Date).label("day")).cte("days")


def today() -> Cast[date]:
    """The day that it is, by UTC."""
    return cast(func.timezone("UTC", func.now()), Date)
