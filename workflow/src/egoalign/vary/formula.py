"""The notation of R's lme4, read into terms: ``score ~ age * speaker + (1 + age | child_id)``.

What a fixed part means is Wilkinson & Rogers (1973) as R has it: main effects before interactions,
``a*b`` is ``a + b + a:b``, ``a/b`` is ``a + a:b``, ``(a + b)^2`` all interactions up to order 2,
``-`` takes a term away. What a bar means is Bates, Maechler, Bolker & Walker (2015, section 2).
A formula is data: names of functions come from `FUNCTIONS`, and nothing is evaluated here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn

from egoalign.log import UserError

FUNCTIONS = {
    "I": "arithmetic as it stands: I(x^2)",
    "abs": "absolute value",
    "center": "less the mean over the rows used",
    "exp": "exponential",
    "factor": "a number taken as a factor",
    "log": "natural logarithm",
    "log10": "logarithm to base 10",
    "log1p": "log(1 + x)",
    "log2": "logarithm to base 2",
    "poly": "orthogonal polynomial of a degree: poly(x, 2)",
    "scale": "less the mean, divided by the standard deviation over the rows used",
    "sqrt": "square root",
}
"""Functions that a formula may use, and what they mean."""

COMPARISONS = ("<", "<=", "==", "!=", ">=", ">")
"""What may make a response of 0 and 1 out of a column: ``score > 0.25``."""

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}

Term = tuple[str, ...]
"""Variables that interact, each as the formula has it; the intercept is the empty term."""


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    name: str

    def __str__(self) -> str:
        plain = re.fullmatch(r"[A-Za-z_.][A-Za-z0-9_.]*", self.name) and self.name != "."
        return self.name if plain else f"`{self.name}`"


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float

    def __str__(self) -> str:
        return repr(self.value).removesuffix(".0")


@dataclass(frozen=True)
class Text:
    """A level of a factor, in quotes."""

    value: str

    def __str__(self) -> str:
        return f'"{self.value}"' if '"' not in self.value else f"'{self.value}'"


@dataclass(frozen=True)
class Call:
    """One of `FUNCTIONS`, applied."""

    function: str
    arguments: tuple[Expression, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Operation:
    """Arithmetic or, in a response, a comparison."""

    operator: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        space = "" if self.operator == "^" else " "
        left, right = self._side(self.left, 0), self._side(self.right, 1)
        return f"{left}{space}{self.operator}{space}{right}"

    def _side(self, side: Expression, place: int) -> str:
        """Return one side, in brackets where it would be read otherwise without."""
        own = PRECEDENCE.get(self.operator, 0)
        if isinstance(side, Operation):
            bracket = PRECEDENCE[side.operator] < own + (place if self.operator != "^" else 1)
        else:
            bracket = isinstance(side, Number) and str(side).startswith("-") and own > 0
        return f"({side})" if bracket else str(side)


Expression = Column | Number | Text | Call | Operation


@dataclass(frozen=True)
class Bar:
    """Effects that vary over a group and are correlated with each other.

    Attributes
    ----------
    terms : tuple of Term
        What varies besides the intercept.
    intercept : bool
        The intercept varies.
    group : tuple of str
        Columns whose combinations are the group's members.
    """

    terms: tuple[Term, ...]
    intercept: bool
    group: tuple[str, ...]

    @property
    def group_name(self) -> str:
        """The group as a formula has it: ``child_id:session_id``."""
        return ":".join(str(Column(name)) for name in self.group)

    def __str__(self) -> str:
        return f"({_sum(self.terms, self.intercept, always=True)} | {self.group_name})"


@dataclass(frozen=True)
class Formula:
    """A model as it was asked for.

    Attributes
    ----------
    response : Expression
        A column, a function of one, or a comparison.
    terms : tuple of Term
        Fixed effects besides the intercept, main effects first.
    intercept : bool
        There is a fixed intercept.
    bars : tuple of Bar
        Random effects, ``/`` and ``||`` written out.
    expressions : dict
        What each variable of the terms and bars stands for.
    """

    response: Expression
    terms: tuple[Term, ...]
    intercept: bool
    bars: tuple[Bar, ...]
    expressions: dict[str, Expression]

    def __str__(self) -> str:
        parts = [_sum(self.terms, self.intercept), *map(str, self.bars)]
        return f"{self.response} ~ {' + '.join(part for part in parts if part)}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that are used, each once, the response's first."""
        used = [*columns_of(self.response)]
        used += [name for each in self.expressions.values() for name in columns_of(each)]
        used += [name for bar in self.bars for name in bar.group]
        return tuple(dict.fromkeys(used))

    def without(self, term: str) -> Formula:
        """Return the formula less a term: ``age``, ``age:speaker``, ``1`` or ``(1 | child_id)``.

        Interactions that hold the term stay, as with ``-`` in R.

        Raises
        ------
        UserError
            If there is no such term.
        """
        parser = _Parser(term)
        part = parser.sum(bars_allowed=True)
        parser.end()
        gone = {frozenset(each) for each in part.terms}
        kept = tuple(each for each in self.terms if frozenset(each) not in gone)
        bars = tuple(bar for bar in self.bars if bar not in part.bars)
        found = (len(self.terms) - len(kept)) + (len(self.bars) - len(bars))
        found += bool(self.intercept and part.intercept)
        if found < len(part.terms) + len(part.bars) + bool(part.intercept):
            there = [":".join(each) for each in self.terms] + [str(bar) for bar in self.bars]
            raise UserError(
                f"formula '{self}': no term {term!r} to leave out;"
                f"{near_or_all(term, there, 'its terms are')}"
            )
        intercept = self.intercept and not part.intercept
        return replace(
            self,
            terms=kept,
            intercept=intercept,
            bars=bars,
            expressions=_used(self.expressions, kept, bars),
        )


def parse_formula(text: str) -> Formula:
    """Read a formula in lme4's notation.

    Parameters
    ----------
    text : str
        ``response ~ fixed effects + (effects | group)``. The response is a column, a function of
        one or a comparison (``score > 0.25``, ``speaker == "key_child"``). Names with other
        characters than letters, digits, ``_`` and ``.`` stand in backticks. Functions are
        `FUNCTIONS`. ``(x || g)`` is ``(1 | g) + (0 + x | g)``, ``(1 | a/b)`` is
        ``(1 | a) + (1 | a:b)``.

    Raises
    ------
    UserError
        If it cannot be read: the position, what was found and what was expected.
    """
    return _Parser(text).formula()


def columns_of(expression: Expression) -> Iterator[str]:
    """Yield the columns that an expression uses."""
    match expression:
        case Column(name):
            yield name
        case Call(_, arguments):
            for argument in arguments:
                yield from columns_of(argument)
        case Operation(_, left, right):
            yield from columns_of(left)
            yield from columns_of(right)


def near_or_all(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return " did you mean 'x'?", or what there is."""
    names = list(names)
    near = difflib.get_close_matches(name, names, 1, cutoff=0.6)
    return f" did you mean {near[0]!r}?" if near else f" {otherwise} {', '.join(names) or 'none'}"


class _Token(NamedTuple):
    kind: str
    value: str
    position: int


class _Part(NamedTuple):
    """What a sum says: terms, whether it asks for an intercept or none, and bars."""

    terms: list[Term]
    intercept: bool | None
    bars: list[Bar]


_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_.][A-Za-z0-9_.]*)"
    r"|`(?P<quoted>[^`]+)`"
    r"|\"(?P<text>[^\"]*)\"|'(?P<text2>[^']*)'"
    r"|(?P<sign>\|\||<=|>=|==|!=|[~+\-*/:^(),|<>])"
    r")"
)


def _tokens(text: str) -> list[_Token]:
    """Split a formula; the last token is the end."""
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or not found.lastgroup:
            rest = len(text) - len(text[place:].lstrip())
            raise UserError(
                f"formula {text!r}, position {rest + 1}: found {text[rest]!r}, expected a column, "
                "a number or one of ~ + - * / : ^ | ( )"
            )
        kind = "text" if found.lastgroup == "text2" else found.lastgroup
        start = found.end() - len(found.group().lstrip())
        tokens.append(_Token(kind, found.group(found.lastgroup), start + 1))
        place = found.end()
    return [*tokens, _Token("end", "", len(text) + 1)]


class _Parser:
    """Recursive descent over the tokens; what binds least stands first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.expressions: dict[str, Expression] = {}

    # Tokens

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, expected: str, token: _Token | None = None, found: str = "") -> NoReturn:
        token = token or self.next
        found = found or ("the end" if token.kind == "end" else f"{token.value!r}")
        raise UserError(
            f"formula {self.text!r}, position {token.position}: found {found}, expected {expected}"
        )

    def take(self) -> _Token:
        token = self.next
        self.at += token.kind != "end"
        return token

    def sees(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.value in signs

    def expect(self, sign: str, expected: str) -> None:
        if not self.sees(sign):
            self.fail(expected)
        self.take()

    def end(self) -> None:
        if self.next.kind != "end":
            self.fail("'+', '-', '*', '/', ':' or the end")

    # The whole

    def formula(self) -> Formula:
        if self.sees("~"):
            self.fail("a response before '~'")
        response = self.comparison()
        self.expect("~", "'~' after the response")
        self.expressions = {}
        part = self.sum(bars_allowed=True)
        self.end()
        by_degree = sorted(part.terms, key=len)
        order = {name: None for term in by_degree for name in term}
        terms = tuple(tuple(name for name in order if name in term) for term in by_degree)
        bars = tuple(part.bars)
        self.refuse_repeats(bars)
        intercept = part.intercept is not False
        expressions = _used(self.expressions, terms, bars)
        if str(response) in expressions:
            raise UserError(
                f"formula {self.text!r}: {response} is the response and a predictor as well"
            )
        return Formula(response, terms, intercept, bars, expressions)

    def refuse_repeats(self, bars: tuple[Bar, ...]) -> None:
        seen = set()
        for bar in bars:
            for term in [*bar.terms, *([()] if bar.intercept else [])]:
                key = (frozenset(bar.group), frozenset(term))
                if key in seen:
                    raise UserError(
                        f"formula {self.text!r}: {':'.join(term) or 'the intercept'} varies over "
                        f"{bar.group_name} in two brackets; write each effect of a group once"
                    )
                seen.add(key)

    # Terms: sums of products of interactions of powers of variables

    def sum(self, bars_allowed: bool = False) -> _Part:
        terms: list[Term] = []
        intercept: bool | None = None
        bars: list[Bar] = []
        minus = False
        if self.sees("+", "-"):
            minus = self.take().value == "-"
        while True:
            if self.next.kind == "number":
                intercept = self.one_or_zero() is not minus
            elif bars_allowed and (bar := self.bar(minus)):
                bars += bar
            else:
                part = self.product()
                intercept = intercept if part.intercept is None else part.intercept
                terms = _less(terms, part.terms) if minus else _union(terms, part.terms)
            if not self.sees("+", "-"):
                return _Part(terms, intercept, bars)
            minus = self.take().value == "-"

    def one_or_zero(self) -> bool:
        token = self.next
        if token.value not in ("0", "1"):
            self.fail("a column, a function, or 0 or 1 for the intercept")
        self.take()
        if self.sees("*", "/", ":", "^"):
            self.fail("'+' or '-' after 0 or 1")
        return token.value == "1"

    def product(self) -> _Part:
        first = self.next
        left = self.interaction()
        while self.sees("*", "/"):
            sign = self.take().value
            self.no_intercept(left, first)
            first = self.next
            right = self.interaction()
            self.no_intercept(right, first)
            if sign == "*":
                both = _union(_union(left.terms, right.terms), _cross(left.terms, right.terms))
            else:
                whole = tuple(dict.fromkeys(name for term in left.terms for name in term))
                both = _union(left.terms, _cross([whole], right.terms))
            left = _Part(both, None, [])
        return left

    def interaction(self) -> _Part:
        first = self.next
        left = self.power()
        while self.sees(":"):
            self.take()
            self.no_intercept(left, first)
            first = self.next
            right = self.power()
            self.no_intercept(right, first)
            left = _Part(_cross(left.terms, right.terms), None, [])
        return left

    def power(self) -> _Part:
        first = self.next
        base = self.atom()
        if not self.sees("^"):
            return base
        self.no_intercept(base, first)
        if len(base.terms) == 1:
            name = ":".join(base.terms[0])
            self.fail(f"a sum in brackets before '^'; the arithmetic power is I({name}^2)")
        self.take()
        order = self.next
        if order.kind != "number" or not order.value.isdigit() or int(order.value) < 1:
            self.fail("a whole number after '^'")
        self.take()
        terms = base.terms
        for _ in range(min(int(order.value), len(base.terms)) - 1):
            terms = _union(terms, _cross(terms, base.terms))
        return _Part(terms, None, [])

    def atom(self) -> _Part:
        token = self.next
        if self.sees("("):
            self.take()
            part = self.sum()
            if self.sees("|", "||"):
                self.fail("a bracket with '|' only as a summand of its own: ... + (1 | g)")
            self.expect(")", "')'")
            return part
        if token.kind not in ("name", "quoted"):
            self.fail("a column, a function or a bracket")
        expression = self.value()
        if not list(columns_of(expression)):
            self.fail("a function of a column", token, str(expression))
        self.expressions.setdefault(str(expression), expression)
        return _Part([(str(expression),)], None, [])

    def no_intercept(self, part: _Part, first: _Token) -> None:
        if part.intercept is not None or not part.terms:
            self.fail("terms without 0 or 1 where they are multiplied", first)

    # Random effects

    def bar(self, minus: bool) -> list[Bar]:
        """Read a bracket with a bar; nothing is read, and none returned, where it has none."""
        start = self.at
        if not self.sees("(") or not self.bar_ahead():
            return []
        if minus:
            self.fail("'+' before a random effect")
        self.take()
        part = self.sum()
        if not self.sees("|", "||"):
            self.fail("'|' or '||'")
        correlated = self.take().value == "|"
        groups = self.groups()
        self.expect(")", "':', '/' or ')' after the group")
        intercept = part.intercept is not False
        if not intercept and not part.terms:
            self.fail("an effect before '|', such as 1 or a column", self.tokens[start + 1])
        if correlated:
            return [Bar(tuple(part.terms), intercept, group) for group in groups]
        pieces = [Bar((), True, ())] if intercept else []
        pieces += [Bar((term,), False, ()) for term in part.terms]
        return [replace(piece, group=group) for group in groups for piece in pieces]

    def bar_ahead(self) -> bool:
        depth = 0
        for token in self.tokens[self.at :]:
            if token.kind != "sign":
                continue
            depth += (token.value == "(") - (token.value == ")")
            if depth == 0:
                return False
            if depth == 1 and token.value in ("|", "||"):
                return True
        return False

    def groups(self) -> list[tuple[str, ...]]:
        groups = [self.crossing()]
        while self.sees("/"):
            self.take()
            groups.append(tuple(dict.fromkeys((*groups[-1], *self.crossing()))))
        return groups

    def crossing(self) -> tuple[str, ...]:
        names = [self.group_column()]
        while self.sees(":"):
            self.take()
            names.append(self.group_column())
        return tuple(dict.fromkeys(names))

    def group_column(self) -> str:
        if self.next.kind not in ("name", "quoted"):
            self.fail("the column of a group after '|'")
        return self.take().value

    # Values: columns, functions of them, arithmetic within functions

    def comparison(self) -> Expression:
        left = self.value()
        if not self.sees(*COMPARISONS):
            return left
        sign = self.take().value
        if self.next.kind == "text":
            return Operation(sign, left, Text(self.take().value))
        return Operation(sign, left, self.arithmetic())

    def arithmetic(self) -> Expression:
        left = self.multiplication()
        while self.sees("+", "-"):
            left = Operation(self.take().value, left, self.multiplication())
        return left

    def multiplication(self) -> Expression:
        left = self.negation()
        while self.sees("*", "/"):
            left = Operation(self.take().value, left, self.negation())
        return left

    def negation(self) -> Expression:
        if not self.sees("-", "+"):
            return self.raised()
        minus = self.take().value == "-"
        value = self.negation()
        if not minus:
            return value
        if isinstance(value, Number):
            return Number(-value.value)
        return Operation("-", Number(0.0), value)

    def raised(self) -> Expression:
        base = self.value()
        if not self.sees("^"):
            return base
        self.take()
        return Operation("^", base, self.negation())

    def value(self) -> Expression:
        token = self.next
        if self.sees("("):
            self.take()
            inner = self.arithmetic()
            self.expect(")", "')'")
            return inner
        if token.kind == "number":
            self.take()
            return Number(float(token.value))
        if token.kind == "quoted":
            self.take()
            return Column(token.value)
        if token.kind != "name" or token.value == ".":
            self.fail("a column, a number or a function", token)
        self.take()
        if not self.sees("("):
            return Column(token.value)
        if token.value not in FUNCTIONS:
            hint = near_or_all(token.value, FUNCTIONS, "the functions are").strip()
            self.fail(f"a function that is known; {hint}", token)
        self.take()
        arguments = [self.arithmetic()]
        while self.sees(","):
            self.take()
            arguments.append(self.arithmetic())
        self.expect(")", "')' or ','")
        self.check_arguments(token, arguments)
        return Call(token.value, tuple(arguments))

    def check_arguments(self, token: _Token, arguments: list[Expression]) -> None:
        found = f"{len(arguments)} arguments"
        if token.value != "poly":
            if len(arguments) != 1:
                self.fail(f"one argument of {token.value}", token, found)
            if token.value == "factor" and not isinstance(arguments[0], Column):
                self.fail("a column: factor(x)", token, str(arguments[0]))
            return
        degree = arguments[1] if len(arguments) == 2 else None
        if not isinstance(degree, Number) or degree.value not in range(1, 10):
            self.fail("a value and a degree from 1 to 9: poly(x, 2)", token, found)


def _used(
    expressions: dict[str, Expression], terms: Iterable[Term], bars: Iterable[Bar]
) -> dict[str, Expression]:
    """Return the expressions that terms and bars use."""
    names = {name for term in terms for name in term}
    names |= {name for bar in bars for term in bar.terms for name in term}
    return {name: expression for name, expression in expressions.items() if name in names}


def _union(terms: Iterable[Term], more: Iterable[Term]) -> list[Term]:
    """Return both, each once; the order within an interaction does not count."""
    by_set: dict[frozenset[str], Term] = {}
    for term in [*terms, *more]:
        by_set.setdefault(frozenset(term), term)
    return list(by_set.values())


def _less(terms: Iterable[Term], gone: Iterable[Term]) -> list[Term]:
    """Return the terms that are not in the others."""
    absent = {frozenset(term) for term in gone}
    return [term for term in terms if frozenset(term) not in absent]


def _cross(left: Iterable[Term], right: Iterable[Term]) -> list[Term]:
    """Return the interaction of each term with each."""
    return _union([], [tuple(dict.fromkeys((*a, *b))) for a in left for b in right])


def _sum(terms: Iterable[Term], intercept: bool, always: bool = False) -> str:
    """Return terms as a formula has them; the intercept said where `always` or where it is none."""
    parts = [":".join(term) for term in terms]
    if not intercept:
        parts.insert(0, "0")
    elif always or not parts:
        parts.insert(0, "1")
    return " + ".join(parts)
