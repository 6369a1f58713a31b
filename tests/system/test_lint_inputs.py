"""`sluice lint` on files that psql would not take as they are: another encoding, templates."""
import json

import pytest

from conftest import run_sluice

SQL = """SELECT 1;
VACUUM FULL "\u00e4\U0001f600b"; VACUUM FULL t;
"""


def lint(folder, name, status=9):
    done = run_sluice("lint", "--format", "json", name, cwd=folder)
    assert done.returncode == status, done
    return json.loads(done.stdout)["findings"]


def places(findings):
    return [(one["rule"], one["line"], one["column"]) for one in findings
            if "UTF-16" not in one["message"]]


@pytest.mark.parametrize("encoding, mark", [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
def test_utf16(tmp_path, encoding, mark):
    (tmp_path / "wide.sql").write_bytes(mark + SQL.encode(encoding))
    (tmp_path / "plain.sql").write_text(SQL)
    wide, plain = lint(tmp_path, "wide.sql"), lint(tmp_path, "plain.sql")
    assert places(wide) == places(plain)
    assert ("table-rewrite-maintenance", 2, 20) in places(wide)
    assert [one["level"] for one in wide if "UTF-16" in one["message"]] == ["note"]


def test_utf16_is_fixed_as_utf8(tmp_path):
    (tmp_path / "wide.sql").write_text("CREATE INDEX \u00e4 ON t (a);\n", encoding="utf-16")
    run_sluice("lint", "--fix", "wide.sql", cwd=tmp_path)
    assert "CREATE INDEX CONCURRENTLY \u00e4 ON t (a);" in (tmp_path / "wide.sql").read_text()


def test_half_a_utf16(tmp_path):
    (tmp_path / "wide.sql").write_bytes(b"\xff\xfeS\x00E\x00\xd8")
    found = lint(tmp_path, "wide.sql")
    assert "wide.sql" in found[0]["message"] and "Save it as UTF-8" in found[0]["recipe"]


def test_revision_in_utf16(project):
    path = project.revision("aaaaaaaaaaa1", "-- sluice: expand\nSELECT 1;\n")
    path.write_text(path.read_text(), encoding="utf-16")
    failed = project.fails(3, "history")
    assert path.name in failed.stderr and "iconv" in failed.stderr


TEMPLATE = """{% if target.name == 'prod' %}
DROP TABLE users;
{% endif %}
VACUUM FULL a;
VACUUM FULL b;
{# it's a comment; #}
VACUUM FULL c;
SELECT {% if x %} 1 {% else %} 2 {% endif %};
VACUUM FULL d;
"""


def test_template(tmp_path):
    """What cannot be read is told, as possible; the others are looked at."""
    (tmp_path / "model.sql").write_text(TEMPLATE)
    found = lint(tmp_path, "model.sql")
    told = [one for one in found if one["rule"] == "parse-error"]
    assert [one["line"] for one in told] == [1, 3, 8]
    assert all(one["certainty"] == "possible" and "template" in one["message"] for one in told)
    rewrites = [one["line"] for one in found if one["rule"] == "table-rewrite-maintenance"]
    assert rewrites == [5, 7, 9]
