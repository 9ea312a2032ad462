"""Which tables the publications of a database send is read on each major as the server itself sees it."""

import psycopg
import pytest

from interlock.hazards.publication import Publication
from interlock.postgres.publications import read_publications
from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url

TABLES = """
create table t (id int primary key, n int);
create table alone (id int primary key);
create unlogged table fast (id int primary key);
create table p (id int primary key) partition by range (id);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
create schema other;
create table other.t (id int primary key);
create publication "Of t" for table t;
create publication root for table p with (publish_via_partition_root = true);
create publication leaf for table p1;
create publication nothing;
"""
NEWER = """
create publication list for table t (id);
create publication schema for tables in schema other;
"""


@pytest.mark.each_major
def test_what_publications_send(database: str, major: int):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES)
        if major >= 15:
            connection.execute(NEWER)
    names = ["public.t", "public.alone", "public.fast", "public.p", "public.p1", "public.p2", "other.t"]
    wanted = [
        Publication("Of t", frozenset({"public.t"})),
        Publication("leaf", frozenset({"public.p", "public.p1"})),
        Publication("nothing"),
        Publication("root", frozenset({"public.p", "public.p1", "public.p2"})),
    ]
    if major >= 15:
        wanted += [
            Publication("list", frozenset({"public.t"}), of_some_columns=frozenset({"public.t"})),
            Publication("schema", frozenset({"other.t"}), schemas=frozenset({"other"})),
        ]

    with open_session(parse_url(database)) as session, psycopg.connect(database) as keeper:
        keeper.execute("lock table t in access exclusive mode")  # whoever looks waits for nobody
        assert read_publications(session, names) == tuple(sorted(wanted, key=lambda each: each.name))
        session.execute("create publication everything for all tables")
        [everything] = (each for each in read_publications(session, names) if each.name == "everything")

    assert everything == Publication("everything", frozenset(names) - {"public.fast"}, schemas=None)
