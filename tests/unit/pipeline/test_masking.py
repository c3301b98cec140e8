"""What is hidden in a line that is shown, and what is not."""

from __future__ import annotations

import pytest

from framework.pipeline.masking import mask, within

HIDDEN = [
    ("password: hunter2", "password: •••••••"),
    ("password : hunter2", "password : •••••••"),
    ("password:hunter2", "password:•••••••"),
    ("  db_password: hunter2 and more # x", "  db_password: ••••••••••••••••••••"),
    ("password: hun,ter2", "password: ••••••••"),
    ('password: "hun\\"ter2"', 'password: "•••••••••"'),
    ('password: "hunter2" # x', 'password: "•••••••" # x'),
    ('password: "hunter2"x', 'password: "•••••••••'),
    ('password: "hunter2', 'password: "•••••••'),
    ("password: 'it''s'", "password: '•••••'"),
    ("password: ${X:-hunter2}", "password: •••••••••••••"),
    ("token: null", "token: ••••"),
    ('  "password": "hunter2",', '  "password": "•••••••",'),
    ('{"password":"hunter2","a":"b"}', '{"password":"•••••••","a":"b"}'),
    ("env: {DB_PASSWORD: hunter2, X: y}", "env: {DB_PASSWORD: •••••••, X: y}"),
    ("{password: ${X:-hunter2}, a: b}", "{password: •••••••••••••, a: b}"),
    ("{password: correct horse, a: b}", "{password: •••••••••••••, a: b}"),
    ("secrets: {a: x, b: [c, d]}, e: f", "secrets: {•••••••••••••••}, e: f"),
    ("hf_token: [a, b", "hf_token: [••••"),
    ("args: [--token, hunter2, -n, 3]", "args: [--token, •••••••, -n, 3]"),
    ('args: ["--token", "hun ter2"]', 'args: ["--token", "••••••••"]'),
    ("- --token=hunter2", "- --token=•••••••"),
    ("cmd: train --token hunter2 --x 3", "cmd: train --token ••••••• --x 3"),
    ('cmd: "train --token hunter2 --x 3"', 'cmd: "train --token ••••••• --x 3"'),
    ('export DB_PASSWORD="hunter2" # x', 'export DB_PASSWORD="•••••••" # x'),
    ("[TOKEN=a, X=c]", "[TOKEN=•, X=c]"),
    ("x: 'host=h password=hunter2 user=u'", "x: 'host=h password=••••••• user=u'"),
    ('x: \'{"password": "hunter2"}\'', 'x: \'{"password": "•••••••"}\''),
    ('f(password="x", y=2)', 'f(password="•", y=2)'),
    ("url: redis://me:hunter2@host/0", "url: redis://••••••••••@host/0"),
    ("url: https://hunter2@host/0", "url: https://•••••••@host/0"),
    ("url: postgres://u:p/w@host/db", "url: postgres://•••••@host/db"),
    ("url: https://h/p?a=b&token=hunter2", "url: https://h/p?a=b&token=•••••••"),
    ("tags: [{Key: password, Value: hunter2}]", "tags: [{Key: password, Value: •••••••}]"),
    ('{"Value":"hunter2","Name":"DB_PASSWORD"}', '{"Value":"•••••••","Name":"DB_PASSWORD"}'),
    ("# password: hunter2", "# password: •••••••"),
]
SHOWN = [
    "epochs: 3", "tokenizer: bert", "author: me", "password:", "password: |", "password: >- # x", "password: ${DB_PASSWORD}",
    "password: SMP_PASSWORD", "{password: ${DB_PASSWORD}, a: b}", "tags: [{Key: team, Value: x}]", "x: s3://bucket/token:x/y@z",
    "image: a.b.com/token-service:1.0", "x: arn:aws:secretsmanager:eu-west-1:1:secret:abc", "args: [--token, --verbose]",
    "args: [--tokens", "--token", "? password", "",
]  # fmt: skip


@pytest.mark.parametrize(("line", "masked"), HIDDEN)
def test_what_is_hidden(line: str, masked: str) -> None:
    assert mask(line) == masked


@pytest.mark.parametrize("line", SHOWN)
def test_what_is_shown(line: str) -> None:
    assert mask(line) == line


BLOCK = """
conf:                          | conf:
  models:                      |   models:
    token-classifier:          |     token-classifier:
      train:                   |       train:
        epochs: 3              |         epochs: 3
        env:                   |         env:
          - name: DB_PASSWORD  |           - name: DB_PASSWORD
            value: hunter2     |             ••••••••••••••
          - value: hunter2     |           - ••••••••••••••
            name: API_KEY      |             name: API_KEY
          - name: X            |           - name: X
            value: shown       |             value: shown
        password:              |         password:
          hunter2              |           •••••••
        api_key: |-            |         api_key: |-
          hunter2              |           •••••••
                               |
          # and more           |           ••••••••••
        args:                  |         args:
          - --token            |           - --token
          - hunter2            |           - •••••••
          - -n                 |           - -n
        credentials:           |         credentials:
        - hunter2              |         - •••••••
        - user: hunter2        |         - •••••••••••••
          other: hunter2       |           ••••••••••••••
        secrets: {             |         secrets: {
          a: hunter2}          |           •••••••••••
        image_uri: shown       |         image_uri: shown
"""
JSON = """
{                              | {
"a": {"token":                 | "a": {"token":
"hunter2",                     | ••••••••••
"args": ["--password",         | "args": ["--password",
"hunter2"],                    | •••••••••••
"b": "shown"}}                 | "b": "shown"}}
"""


@pytest.mark.parametrize("table", [BLOCK, JSON])
def test_what_the_lines_around_hide(table: str) -> None:
    rows = [row.split(" | ") if " | " in row else [row.rstrip("| "), ""] for row in table.strip("\n").split("\n")]
    lines = [line.rstrip() for line, _ in rows]
    assert [within(lines, index) for index in range(len(lines))] == [masked.rstrip() for _, masked in rows]
