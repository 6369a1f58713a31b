"""What `sluice revision` writes, lint has nothing against."""
import re

import pytest

import test_recipes
import test_recipes_partitioned
from test_recipes import REVISION, generate

TABLES = """
CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, email text, bio text, age int);
CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users);
CREATE TABLE profiles (id int PRIMARY KEY, user_id int NOT NULL UNIQUE REFERENCES users);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id int);
CREATE TABLE prices (id int PRIMARY KEY, price int NOT NULL CHECK (price > 0), label text DEFAULT 'none');
CREATE INDEX prices_price ON prices (price);
"""
RECIPES = {
    "a key that others reference": ("--type-change", "users.id:bigint"),
    "a column that may be NULL": ("--type-change", "users.age:bigint"),
    "a column with a CHECK and an index": ("--type-change", "prices.price:numeric(12,2)"),
    "a column with a default": ("--type-change", "prices.label:varchar(20)"),
    "a type by expressions": ("--type-change", "users.age:text", "--using", "coalesce(age::text, '0')",
                              "--reverse", "age::int"),
    "a foreign key's column": ("--type-change", "posts.user_id:bigint"),
    "a rename": ("--rename", "users.full_name:display_name"),
    "a rename of a key": ("--rename", "users.id:number"),
    "a rename of a foreign key": ("--rename", "posts.user_id:author"),
    "a split": ("--split", "users.full_name:given,family", "--using", "split_part(full_name, ' ', 1)",
                "--using", "split_part(full_name, ' ', 2)", "--reverse", "given || ' ' || family"),
    "a merge": ("--merge", "users.email,bio:contact", "--using", "email || ' ' || bio",
                "--reverse", "split_part(contact, ' ', 1)", "--reverse", "split_part(contact, ' ', 2)"),
    "NOT NULL": ("--set-not-null", "users.email"),
    "NOT NULL with a default": ("--set-not-null", "users.email", "--default", "''"),
    "a foreign key": ("--add-foreign-key", "orders.user_id:users.id"),
    "what is unique": ("--add-unique", "users.email"),
    "a column that goes": ("--drop-column", "users.bio"),
    "a table of its own": ("--split-table", "users.email,bio:contacts"),
    "a table of its own, of what is NOT NULL": ("--split-table", "users.full_name,bio:names"),
    "a move": ("--move-column", "users.bio:profiles"),
    "a move of what is NOT NULL": ("--move-column", "users.full_name:profiles"),
}
CASES = {f"{name}: {case}": (tables + before, options)
         for name, cases, tables in (
             ("small", {case: (options, "") for case, options in RECIPES.items()}, TABLES),
             ("plain", test_recipes.RECIPES, test_recipes.TABLES),
             ("partitioned", test_recipes_partitioned.RECIPES, test_recipes_partitioned.TABLES))
         for case, (options, before, *_) in cases.items()}
# Rule -> the cases that may have a finding of it, and why.
EXCEPTIONS = {
    # The server knows no DROP INDEX CONCURRENTLY for the index of a partitioned table.
    "index-drop-blocking": r"partitioned: drop column$",
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_wrong_with_what_a_recipe_writes(case, project, database):
    tables, options = CASES[case]
    generate(project, database, options, tables=re.sub(r"INSERT .*?(;|\Z)", "", tables, flags=re.S))
    found = project.run("lint", "--from-database", "--format", "json").json["findings"]
    serious = [one for one in found if one["level"] != "note"]
    assert not [f"{one['rule']} ({one['level']}, {one['certainty']}) line {one['line']}: {one['message']}"
                for one in serious if not re.search(EXCEPTIONS.get(one["rule"], "$^"), case)]
    allowed = {rule for rule, cases in EXCEPTIONS.items() if re.search(cases, case)}
    assert allowed == {one["rule"] for one in serious}, "an exception that is none any more"


# By hand, and not as a recipe would: what the mapping does not keep is found as ever.
USERS = "CREATE TABLE users (id int PRIMARY KEY, code int NOT NULL, age int, note int NOT NULL);"
SWAP = ("ALTER TABLE users RENAME COLUMN {old} TO {old}_old;\nALTER TABLE users RENAME COLUMN {new} TO {old};\n"
        "ALTER TABLE users ALTER COLUMN {old} SET NOT NULL;\n")


@pytest.mark.parametrize("forward, old, new, expected", [
    ("code::bigint", "code", "fresh", set()),
    ("nullif(code, 0)::bigint", "code", "fresh", {("column-set-not-null", "certain")}),
    ("age::bigint", "age", "fresh", {("column-set-not-null", "certain")}),
    ("code::bigint", "age", "note", {("column-rename", "possible")}),
    ("code::bigint", "note", "fresh", {("column-rename", "possible")}),
])
def test_what_the_mapping_does_not_keep(forward, old, new, expected, project, database):
    database.execute(USERS)
    project.revision(REVISION, "-- sluice: expand\nALTER TABLE users ADD COLUMN fresh bigint;\n"
                     f"-- sluice: sync users\nSELECT {forward} AS fresh;\n"
                     f"-- sluice: sync users reverse\nSELECT fresh::int AS {'age' if 'age' in forward else 'code'};\n"
                     f"-- sluice: cutover\n{SWAP.format(old=old, new=new)}")
    found = project.run("lint", "--from-database", "--format", "json").json["findings"]
    assert {(one["rule"], one["certainty"]) for one in found
            if one["rule"] in ("column-rename", "column-set-not-null")} == expected
