"""`sluice lsp` as an editor talks to it: a small client over pipes."""
import json
import re
import subprocess

import pytest

from conftest import SLUICE

USERS = "-- sluice: expand\nCREATE TABLE users (id bigint PRIMARY KEY, email text);\n"


class Editor:
    """Speaks JSON-RPC with a language server that it starts."""

    def __init__(self, project):
        self.server = subprocess.Popen([SLUICE, "lsp"], cwd=project.folder, env=project.env,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.requests = 0
        self.capabilities = self.request("initialize", {"capabilities": {}})["capabilities"]
        self.notify("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def receive(self):
        length = None
        while line := self.server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length is not None, "the server is gone"
        return json.loads(self.server.stdout.read(length))

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def request(self, method, params=None):
        self.requests += 1
        self.send({"id": self.requests, "method": method, "params": params or {}})
        answer = self.receive()
        assert answer["id"] == self.requests
        return answer.get("result") if "error" not in answer else answer["error"]

    def published(self):
        message = self.receive()
        assert message["method"] == "textDocument/publishDiagnostics", message
        return message["params"]["diagnostics"]

    def open(self, path, text):
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": path.as_uri(), "languageId": "sql", "version": 1, "text": text}})
        return self.published()

    def change(self, path, text):
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": path.as_uri(), "version": 2},
            "contentChanges": [{"text": text}]})
        return self.published()

    def close(self):
        self.request("shutdown")
        self.notify("exit", {})
        self.server.stdin.close()
        return self.server.wait(timeout=20)


@pytest.fixture
def editor(project):
    it = Editor(project)
    yield it
    if it.server.poll() is None:
        assert it.close() == 0
    it.server.stdout.close()


def at(text, needle):
    """The position of needle, as the protocol counts."""
    before = text[:text.index(needle)]
    line = before.rpartition("\n")[2]
    return {"line": before.count("\n"), "character": len(line.encode("utf-16-le")) // 2}


def rules(diagnostics):
    return {one["code"] for one in diagnostics}


def test_findings_follow_the_text(editor, tmp_path):
    path = tmp_path / "plain.sql"
    text = "SELECT '𝄞 é'; CREATE INDEX users_email ON users (email);\n"
    found = [one for one in editor.open(path, text) if one["code"] == "index-create-blocking"]
    assert found[0]["range"]["start"] == at(text, "CREATE INDEX")
    assert found[0]["source"] == "sluice" and "CONCURRENTLY" in found[0]["message"]
    text = text.replace("INDEX", "INDEX CONCURRENTLY")
    assert "index-create-blocking" not in rules(editor.change(path, text))
    editor.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
    assert editor.published() == []


def test_hover_tells_the_locks(editor, tmp_path):
    path = tmp_path / "plain.sql"
    text = "SELECT 1;\n\nALTER TABLE users ADD COLUMN age int;\n"
    editor.open(path, text)
    hover = editor.request("textDocument/hover", {
        "textDocument": {"uri": path.as_uri()}, "position": at(text, "ADD COLUMN")})
    assert "| users | ACCESS EXCLUSIVE | reads and writes |" in hover["contents"]["value"]
    assert hover["range"]["start"] == at(text, "ALTER TABLE")
    assert editor.request("textDocument/hover", {
        "textDocument": {"uri": path.as_uri()}, "position": {"line": 1, "character": 0}}) is None


def test_quick_fixes(editor, tmp_path):
    path = tmp_path / "plain.sql"
    text = "CREATE INDEX users_email ON users (email);\n"
    editor.open(path, text)
    actions = editor.request("textDocument/codeAction", {
        "textDocument": {"uri": path.as_uri()}, "context": {"diagnostics": []},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}}})
    by_title = {action["title"]: action for action in actions}
    edits = by_title["Fix index-create-blocking"]["edit"]["changes"][path.as_uri()]
    assert "CONCURRENTLY" in "".join(edit["newText"] for edit in edits)
    allow = by_title["Allow index-create-blocking here"]["edit"]["changes"][path.as_uri()][0]
    assert allow["newText"] == "-- sluice: allow index-create-blocking because \n"
    assert allow["range"]["start"] == {"line": 0, "character": 0}


def test_a_quick_fix_is_what_lint_would_write(editor, tmp_path):
    """The server's edits, applied, and `--fix` of one round, say the same."""
    path = tmp_path / "plain.sql"
    text = "-- users\nALTER TABLE users ALTER COLUMN email SET NOT NULL; -- at last\n"
    editor.open(path, text)
    actions = editor.request("textDocument/codeAction", {
        "textDocument": {"uri": path.as_uri()}, "context": {"diagnostics": []},
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}})
    by_title = {action["title"]: action for action in actions}
    edit, = by_title["Fix column-set-not-null"]["edit"]["changes"][path.as_uri()]
    assert edit["range"]["start"] == {"line": 1, "character": 0}
    assert edit["range"]["end"] == at(text, "; -- at last")
    steps = re.sub(r" *--.*", "", edit["newText"]).split(";\n")
    assert [step.split("users ")[1].split(" ")[0] for step in steps[-4:]] == [
        "ADD", "VALIDATE", "ALTER", "DROP"]


def test_a_revision_is_seen_with_those_before_it(editor, project):
    project.revision("aaaa", USERS)
    text = "-- sluice: expand\nALTER TABLE users ADD COLUMN IF NOT EXISTS email text;\n"
    path = project.revision("bbbb", text, revises="aaaa")
    editor.open(path, path.read_text())
    hover = editor.request("textDocument/hover", {
        "textDocument": {"uri": path.as_uri()},
        "position": at(path.read_text(), "ALTER TABLE")})
    assert "ACCESS EXCLUSIVE" in hover["contents"]["value"]
    changed = path.read_text().replace("ALTER TABLE users ADD COLUMN IF NOT EXISTS email text",
                                       "ALTER TABLE users DROP COLUMN email")
    assert "error" in {{1: "error"}.get(one["severity"]) for one in editor.change(path, changed)}


def test_what_is_no_method_is_said(editor):
    assert editor.request("textDocument/rename")["code"] == -32601


def test_a_broken_file_keeps_the_server(editor, tmp_path):
    path = tmp_path / "broken.sql"
    assert editor.open(path, "CREATE TABEL x (;\n")
    assert editor.change(path, "CREATE TABLE x (id bigint PRIMARY KEY);\n") == []


@pytest.mark.parametrize("stream", [b"", b"Content-Length: 2\r\n\r\n{]", b"Content-Length: x\r\n\r\n",
                                    b"Content-Length: 99\r\n\r\n{}"])
def test_what_is_not_the_protocol(project, stream):
    done = subprocess.run([SLUICE, "lsp"], cwd=project.folder, env=project.env, input=stream,
                          capture_output=True, timeout=20)
    assert done.returncode == 8 and b"editor" in done.stderr
