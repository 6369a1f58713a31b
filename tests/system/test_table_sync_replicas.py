"""Mappings between two tables where rows come by replication: each is applied once."""
import contextlib

import pytest

from conftest import Project, Server, wait_until
from sync_fixtures import Apps, apps, fails_with  # noqa: F401 pylint: disable=unused-import
from table_fixtures import SPLIT, SPLIT_BODY, addresses, make_users, users

# Whoever writes addresses leaves a line; an apply worker, too.
COUNT = """CREATE TABLE writes (user_id bigint, kind text);
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN INSERT INTO writes VALUES (coalesce(NEW.user_id, OLD.user_id), TG_OP); RETURN NULL; END $$;
CREATE TRIGGER counted AFTER INSERT OR UPDATE OR DELETE ON addresses FOR EACH ROW EXECUTE FUNCTION count_write();
ALTER TABLE addresses ENABLE ALWAYS TRIGGER counted;"""
# Both tables by region, so that what is published is what a partition gets.
PARTITIONED = """-- sluice: expand
CREATE TABLE addresses (user_id bigint, region int, street text, PRIMARY KEY (user_id, region))
    PARTITION BY LIST (region);
CREATE TABLE addresses_1 PARTITION OF addresses FOR VALUES IN (1);
CREATE TABLE addresses_2 PARTITION OF addresses FOR VALUES IN (2);
-- sluice: sync users to addresses
-- sluice: key user_id, region
SELECT id AS user_id, region, street WHERE street IS NOT NULL;
-- sluice: sync addresses to users
-- sluice: key id, region
-- sluice: rows stay
SELECT user_id AS id, region, street;
"""


@pytest.fixture(scope="module")
def logical():
    it = Server("-c", "wal_level=logical")
    yield it
    it.close()


class Pair:
    """Two databases of one server, the second of which subscribes to the first."""

    def __init__(self, server):
        self.server = server
        self.here, self.there = server.create_database(), server.create_database()

    def publish(self, what):
        name = self.there.name
        self.here.execute(f"CREATE PUBLICATION p FOR TABLE {what}")
        self.here.query(f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")
        self.there.execute(f"CREATE SUBSCRIPTION {name} CONNECTION '{self.here.url}' PUBLICATION p "
                           f"WITH (create_slot = false, slot_name = {name})")
        wait_until(lambda: self.there.value("SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel"),
                   what="the first copy")

    def caught_up(self):
        """All that was committed here is there."""
        end = self.here.value("SELECT pg_current_wal_lsn()::text")
        wait_until(lambda: self.here.value(
            "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s",
            end, self.there.name), what="the subscriber")

    def close(self):
        self.there.execute(f"DROP SUBSCRIPTION IF EXISTS {self.there.name}")
        self.server.drop_database(self.there)
        self.server.drop_database(self.here)


@pytest.fixture
def pair(logical):
    it = Pair(logical)
    yield it
    it.close()


def written(database):
    """{key: what was done to its row of addresses} since the last look."""
    rows = database.query("SELECT user_id, array_agg(kind ORDER BY kind) FROM writes GROUP BY 1 ORDER BY 1")
    database.execute("TRUNCATE writes")
    return dict(rows)


def test_a_subscriber_of_the_old_table_keeps_a_new_one_of_its_own(pair, tmp_path):
    """The mapping is the subscriber's alone: what the apply worker writes reaches its new table, once."""
    make_users(pair.here, 3)
    make_users(pair.there, 0)
    with contextlib.closing(Apps(Project(tmp_path / "p", pair.there), pair.there)) as subscriber:
        subscriber.expand(SPLIT_BODY, revision=SPLIT)
        pair.there.execute(COUNT)
        pair.publish("users")
        assert addresses(pair.there) == [(i, f"street {i}", "city") for i in (1, 2, 3)]
        assert written(pair.there) == {i: ["INSERT"] for i in (1, 2, 3)}
        pair.here.execute("UPDATE users SET street = 'moved' WHERE id = 1")
        pair.here.execute("UPDATE users SET name = 'not of the mapping' WHERE id = 2")
        pair.here.execute("DELETE FROM users WHERE id = 3")
        pair.here.execute("INSERT INTO users VALUES (4, 'n', 'four', NULL), (5, 'n', NULL, NULL)")
        pair.caught_up()
        assert addresses(pair.there) == [(1, "moved", "city"), (2, "street 2", "city"), (4, "four", None)]
        assert written(pair.there) == {1: ["UPDATE"], 3: ["DELETE"], 4: ["INSERT"]}
        subscriber.fill()
        assert written(pair.there) == {}


def test_a_subscriber_of_both_tables_leaves_the_second_to_its_publisher(pair, tmp_path):
    make_users(pair.here, 3)
    make_users(pair.there, 0)
    with contextlib.ExitStack() as stack:
        publisher, subscriber = [
            stack.enter_context(contextlib.closing(Apps(Project(tmp_path / name, database), database)))
            for name, database in (("here", pair.here), ("there", pair.there))]
        for side in (subscriber, publisher):
            side.expand(SPLIT_BODY, revision=SPLIT)
        pair.there.execute(COUNT)
        pair.publish("users, addresses")
        publisher.old("UPDATE users SET street = 'moved' WHERE id = 1")
        publisher.old("DELETE FROM users WHERE id = 3")
        publisher.old("INSERT INTO users VALUES (4, 'n', 'four', NULL)")
        publisher.fill()
        publisher.old("UPDATE users SET city = 'town' WHERE id = 2")
        pair.caught_up()
        assert addresses(pair.there) == addresses(pair.here) == [
            (1, "moved", "city"), (2, "street 2", "town"), (4, "four", None)]
        assert written(pair.there) == {1: ["INSERT"], 2: ["INSERT", "UPDATE"], 4: ["INSERT"]}
        subscriber.fill()
        # Each side is cut over by itself; in between, rows go on coming.
        subscriber.project.ok("cutover", SPLIT)
        publisher.old("UPDATE users SET street = 'late' WHERE id = 1")
        pair.caught_up()
        publisher.project.ok("cutover", SPLIT)
        publisher.new("UPDATE addresses SET street = 'new' WHERE user_id = 2")
        publisher.new("DELETE FROM addresses WHERE user_id = 4")
        pair.caught_up()
        assert users(pair.there) == users(pair.here) == [
            (1, "late", "city"), (2, "new", "town"), (4, None, None)]
        assert addresses(pair.there) == addresses(pair.here)
        assert written(pair.there) == {1: ["UPDATE"], 2: ["UPDATE"], 4: ["DELETE"]}
        subscriber.project.ok("backfill", "verify", SPLIT)


def test_the_same_where_the_second_table_is_partitioned(pair, tmp_path):
    for database in (pair.here, pair.there):
        database.execute("CREATE TABLE users (id bigint, region int, street text, PRIMARY KEY (id, region))")
    with contextlib.ExitStack() as stack:
        publisher, subscriber = [
            stack.enter_context(contextlib.closing(Apps(Project(tmp_path / name, database), database)))
            for name, database in (("here", pair.here), ("there", pair.there))]
        for side in (subscriber, publisher):
            side.expand(PARTITIONED, revision=SPLIT)
        pair.publish("users, addresses")
        publisher.old("INSERT INTO users VALUES (1, 1, 'a'), (2, 2, 'b')")
        publisher.old("UPDATE users SET street = 'c' WHERE id = 1")
        publisher.old("UPDATE users SET region = 1 WHERE id = 2")
        pair.caught_up()
        rows = "SELECT user_id, region, street FROM addresses ORDER BY 1"
        assert pair.there.query(rows) == pair.here.query(rows) == [(1, 1, "c"), (2, 1, "b")]


def test_sessions_in_the_role_of_a_replica(apps, database, project):  # noqa: F811
    """A restore, or a tool that copies rows: triggers of the mapping fire, on either side of the cutover; the
    other side is not watched, for it may come on its own."""
    make_users(database, 3)
    apps.expand(SPLIT_BODY, revision=SPLIT)
    apps.fill()
    apps.both("SET session_replication_role = replica")
    apps.old("UPDATE users SET street = 'x' WHERE id = 1")
    apps.old("INSERT INTO users (id, city) VALUES (4, 'y')")
    apps.old("DELETE FROM users WHERE id = 2")
    assert addresses(database) == [(1, "x", "city"), (3, "street 3", "city"), (4, None, "y")]
    apps.new("UPDATE addresses SET street = 'x' WHERE user_id = 3")
    project.fails(9, "backfill", "verify", SPLIT)
    apps.new("UPDATE addresses SET street = 'street 3' WHERE user_id = 3")
    project.ok("cutover", SPLIT)
    apps.new("UPDATE addresses SET street = 'z' WHERE user_id = 1")
    apps.new("DELETE FROM addresses WHERE user_id = 4")
    apps.new("INSERT INTO users (id) VALUES (5)")
    apps.new("INSERT INTO addresses VALUES (5, 'five', 'c')")
    assert users(database) == [(1, "z", "city"), (3, "street 3", "city"), (4, None, None), (5, "five", "c")]
    apps.both("SET session_replication_role = origin")
    with fails_with("55000"):
        apps.old("UPDATE users SET street = 'alone' WHERE id = 1")
    project.ok("backfill", "verify", SPLIT)
