"""The values that the libraries' manuals have for PostgreSQL's types, made from fields of a csv file."""

import datetime
import decimal
import re
import uuid


def number(field):
    try:
        return decimal.Decimal(field)
    except decimal.InvalidOperation:
        raise ValueError("it is no decimal number") from None


def truth(field):
    words = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
    try:
        return words[field.lower()]
    except KeyError:
        raise ValueError("it is none of true, t, 1, false, f, 0") from None


def octets(field):
    if not field.startswith("\\x"):
        raise ValueError("it is not \\x and hexadecimal digits")
    return bytes.fromhex(field[2:])


def instant(field):
    moment = datetime.datetime.fromisoformat(field)
    if moment.tzinfo is None:
        raise ValueError("it has no time zone, and the server's own is not known here")
    return moment


INTEGERS = {"int2": int, "int4": int, "int8": int}
FLOATS = {"float4": float, "float8": float}
TEXTS = {"text": str, "varchar": str, "bpchar": str, "name": str}
# By the types' names in pg_type. JSON is a text to all of the libraries, which the server checks.
ALL = {
    **INTEGERS,
    **FLOATS,
    **TEXTS,
    "numeric": number,
    "bool": truth,
    "bytea": octets,
    "uuid": uuid.UUID,
    "json": str,
    "jsonb": str,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timestamp": datetime.datetime.fromisoformat,
    "timestamptz": instant,
}

SPACE = re.compile(r"\s*")
ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^{},"\\]|\\.)+?)(?=\s*[,}])', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def array(field, element):
    """The list of `{1,NULL}`, each element made by `element` (PostgreSQL manual, Arrays, "Input and Output Syntax")."""
    items, end = listed(field, behind_space(field, 0), element)
    if end != len(field):
        raise ValueError("something follows the array")
    return items


def listed(field, at, element):
    """The list that begins at this place, and the place behind it."""
    if not field.startswith("{", at):
        raise ValueError("it is no array in braces")
    items = []
    at = behind_space(field, at + 1)
    if field.startswith("}", at):
        return items, behind_space(field, at + 1)
    while True:
        if field.startswith("{", at):
            item, at = listed(field, at, element)
        else:
            found = ELEMENT.match(field, at)
            if not found:
                raise ValueError(f"no element of an array begins at {field[at:]!r}")
            quoted, bare = found.groups()
            is_null = bare is not None and bare.upper() == "NULL"
            item = None if is_null else element(ESCAPED.sub(r"\1", bare if quoted is None else quoted))
            at = behind_space(field, found.end())
        items.append(item)
        if field.startswith("}", at):
            return items, behind_space(field, at + 1)
        if not field.startswith(",", at):
            raise ValueError("the array does not end")
        at = behind_space(field, at + 1)


def behind_space(field, at):
    return SPACE.match(field, at).end()
