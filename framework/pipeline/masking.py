"""Lines of the project's files as they may be shown: what may be a secret is hidden, and no line changes its length.

In: lines as people wrote them, broken ones too. Out: the same lines with • for every hidden character. A secret is known by what
it is called: by its key, on the line or on one above, by the flag before it, or by its place in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from framework.pipeline.secrets import credentials, is_secret

DOT = "•"

_REACH = 2_000
"""Lines that are looked back for the key that a value stands behind."""

_NESTED = 3
"""How deep texts within texts are read."""

_TOKEN = re.compile(r"""[{}\[\],:=]|"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?|[^\s{}\[\],:="'][^\s{}\[\],:=]*""")
_OPEN, _CLOSE, _QUOTES = frozenset("{["), frozenset("}]"), ('"', "'")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_WORD_BEFORE = re.compile(r"""[^\s"'(&?;|]{1,200}$""")
_FLAG = re.compile(r"--?[A-Za-z][\w-]*")
_REFERENCE = re.compile(r"""["']?(?:\$\{[A-Za-z_][\w.]*\}|SMP_[A-Z0-9_]+)(?=["'\s,\]}]|$)""")
"""What only names a value."""
_BLOCK = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?")
_USER = re.compile(r"""://(?:([^/\s"']{1,1000})@|([^\s"'/@:]{1,200}:[^\s"']{1,300})@)""")
_NAMED = re.compile(r"""\b(?:key|name)["']?\s*[:=]\s*["']?([\w.-]+)""", re.IGNORECASE)
_VALUES = frozenset({"value", "default", "defaultvalue"})
"""What a value is called that stands beside its name, as in the tags of AWS."""

_FIRST_KEY = re.compile(r"""["']?([^\s"'{}\[\],:=][^"'{}\[\],:=]{0,200}?)["']?\s*:(?:\s|$)""")
_LAST_KEY = re.compile(r"""([^\s"'{}\[\],:=][^"'{}\[\],:=]{0,200}?)["']?\s*:\s*(?:[|>][-+0-9]*|[{\[]|[&!]\S*)?\s*(?:#.*)?$""")
_LAST_FLAG = re.compile(r"""(?:^|[\s"'\[,])(--?[A-Za-z][\w-]*)["']?\s*,?\s*$""")
_DASHES = re.compile(r"\s*(?:-\s+)*")

Span = tuple[int, int]


def mask(line: str) -> str:
    """A line without the values that are called like secrets, the users and passwords of URLs, and what looks like a key."""
    users = (found.span(found.lastindex or 0) for found in _USER.finditer(line))
    return _dotted(line, [*_Line(line).secrets(), *users, *credentials(line)])


def within(lines: Sequence[str], index: int) -> str:
    """A line of a file, all of it hidden where a line above or beside it says that it is a secret."""
    line = lines[index]
    if _below_secret(lines, index) or _behind_secret(lines, index) or _beside_name(lines, index):
        return _dotted(line, [(_content(line), len(line))])
    return line


def _dotted(line: str, spans: Sequence[Span]) -> str:
    chars = list(line)
    for begin, end in spans:
        chars[begin:end] = DOT * (end - begin)
    return "".join(chars)


class _Line:
    """A line, or a text in quotes on it, word by word: YAML, JSON, a command, assignments, or what was meant to be that."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_TOKEN.finditer(text))
        self.named = any(is_secret(found[1]) for found in _NAMED.finditer(text))
        self.depth = self.key_from = 0

    def secrets(self, nested: int = 0) -> Iterator[Span]:
        """Where secrets stand."""
        hidden = 0
        for index, token in enumerate(self.tokens):
            if token.start() < hidden:
                continue
            span = self._after(index)
            if span:
                hidden = span[1]
                yield span
            elif token[0].startswith(_QUOTES) and nested < _NESTED:
                begin = token.start() + 1
                yield from ((begin + a, begin + b) for a, b in _Line(_unquoted(token[0])).secrets(nested + 1))

    def _after(self, index: int) -> Span | None:
        """What is hidden because of a token before it."""
        token = self.tokens[index]
        word = token[0]
        self.depth = max(0, self.depth + (word in _OPEN) - (word in _CLOSE))
        if word in _OPEN or word in _CLOSE or word == ",":
            self.key_from = token.end()
        elif word == "=" or (word == ":" and self._separates(index)):
            key, self.key_from = self.text[self.key_from : token.start()].rstrip()[-200:], token.end()
            return self._value(index + 1, word) if self._is_secret(key, word) else None
        elif _is_secret_flag(_unquoted(word)):
            return self._after_flag(index + 1)
        return None

    def _separates(self, index: int) -> bool:
        """Whether a colon stands between a key and a value, and not within an ARN, a URI or an image."""
        colon, before = self.tokens[index], self.tokens[index - 1] if index else None
        if not self.text[colon.end() : colon.end() + 1].strip() or (before and before[0].startswith(_QUOTES)):
            return True
        alone = before is not None and not self.text.endswith(":", 0, before.start()) and _NAME.fullmatch(before[0])
        return bool(alone) and not self.text.startswith("//", colon.end())

    def _is_secret(self, key: str, separator: str) -> bool:
        if separator == "=":
            found = _WORD_BEFORE.search(key)
            key = found[0] if found else key
        return is_secret(key) or (self.named and key.strip(" \t-\"'").lower() in _VALUES)

    def _value(self, index: int, separator: str) -> Span | None:
        token = self.tokens[index] if index < len(self.tokens) else None
        if token is None or _REFERENCE.match(self.text, token.start()):
            return None
        word, (begin, end) = token[0], token.span()
        to_end = separator == ":" and not self.depth
        if word.startswith(_QUOTES):
            more = to_end and self.text[end:].lstrip()[:1] not in {"", ",", "]", "}", "#"}
            return begin + 1, len(self.text) if more else begin + 1 + len(_unquoted(word))
        if word in _OPEN:
            return end, self._closing(index)
        if to_end:
            return None if _BLOCK.fullmatch(self.text, begin) else (begin, len(self.text))
        return begin, self._end(index, separator)

    def _after_flag(self, index: int) -> Span | None:
        """The word after a flag, or the next element of a list."""
        if index < len(self.tokens) and self.tokens[index][0] == ",":
            index += 1
        word = self.tokens[index][0] if index < len(self.tokens) else "-"
        return None if word.startswith("-") or word in {":", "=", *_OPEN, *_CLOSE} else self._value(index, "=")

    def _closing(self, index: int) -> int:
        """Where the bracket that a token opens is closed."""
        level = 0
        for token in self._from(index):
            level += (token[0] in _OPEN) - (token[0] in _CLOSE)
            if not level:
                return token.start()
        return len(self.text)

    def _end(self, index: int, separator: str) -> int:
        """Where a value without quotes ends: within brackets at a comma or a bracket, behind = at a blank too."""
        end, level = self.tokens[index].start(), 0
        for token in self._from(index):
            apart = separator == "=" and token.start() > end
            if apart or (self.depth and not level and (token[0] == "," or token[0] in _CLOSE)):
                break
            level += (token[0] in _OPEN) - (token[0] in _CLOSE)
            end = token.end()
        return end

    def _from(self, index: int) -> Iterator[re.Match[str]]:
        """The tokens from one on; a line can hold too many of them to copy them for each."""
        return (self.tokens[position] for position in range(index, len(self.tokens)))


def _unquoted(word: str) -> str:
    """What stands in quotes, which may not be closed; another word as it is."""
    if not word.startswith(_QUOTES):
        return word
    return word[1:-1] if len(word) > 1 and word[-1] == word[0] else word[1:]


def _is_secret_flag(word: str) -> bool:
    return _FLAG.fullmatch(word) is not None and is_secret(word)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _content(line: str) -> int:
    """The column that a line's text begins at, behind the dashes of lists."""
    found = _DASHES.match(line)
    return found.end() if found else 0


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _keys(line: str) -> tuple[str, str]:
    """The key at a line's beginning, and one at its end whose value is on the lines below."""
    begin = _content(line)
    first, last = _FIRST_KEY.match(line[begin : begin + 300]), _LAST_KEY.search(line.rstrip()[-300:])
    return (first[1] if first else ""), (last[1] if last else "")


def _below_secret(lines: Sequence[str], index: int) -> bool:
    """Whether one of the keys that a line stands below is called like a secret; models are called as people like."""
    parents = [_keys(line) for line in _parents(lines, index)]
    above = [*(first for first, _ in parents[1:]), ""][: len(parents)]
    return any(
        (is_secret(first) and key_above != "models") or (last != first and is_secret(last))
        for (first, last), key_above in zip(parents, above, strict=True)
    )


def _parents(lines: Sequence[str], index: int) -> Iterator[str]:
    """The lines that a line stands below, by their indentation, the nearest first."""
    limit, content = _indent(lines[index]), _content(lines[index])
    in_list = content > limit
    for line in reversed(lines[max(0, index - _REACH) : index]):
        if _says_nothing(line):
            continue
        at, content = _indent(line), _content(line)
        if content < limit or (content == limit and in_list and content == at):
            yield line
        elif at >= limit or content == at:
            continue  # beside it, or below something that is
        limit, in_list = at, content > at
        if not limit and not in_list:
            return


def _behind_secret(lines: Sequence[str], index: int) -> bool:
    """Whether the line before it ends with the flag of a secret, or with its key and without an indentation that says so."""
    before = next((line for line in reversed(lines[max(0, index - _REACH) : index]) if not _says_nothing(line)), "")
    flag = _LAST_FLAG.search(before.rstrip()[-300:])
    if flag is not None and is_secret(flag[1]):
        return True
    return _content(before) >= _content(lines[index]) and is_secret(_keys(before)[1])


def _beside_name(lines: Sequence[str], index: int) -> bool:
    """Whether a line holds the value to the name of a secret that stands on a line above or below it."""
    if _keys(lines[index])[0].lower() not in _VALUES:
        return False
    above, below = lines[max(0, index - _REACH) : index + 1], lines[index : index + _REACH]
    around = [*_beside(above[::-1], upwards=True), *_beside(below, upwards=False)]
    return any(is_secret(found[1]) for line in around for found in _NAMED.finditer(line))


def _beside(lines: Sequence[str], upwards: bool) -> Iterator[str]:
    """Of the lines from one on, upwards or downwards, those of the same mapping."""
    content = _content(lines[0])
    for number, line in enumerate(lines):
        if _says_nothing(line) or _content(line) > content:
            continue
        begins = _indent(line) < content  # the dash of an element of a list
        if _content(line) < content or (begins and number and not upwards):
            return
        yield line
        if begins and upwards:
            return
