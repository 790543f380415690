"""The plain notation of `docs/theory.md` as formulas: `phi^2 <= sqrt(kappa) |v*|` as a reader of mathematics writes it.

The page is written to be read as text, in an editor and beside the code, whose names it uses. Of its code spans and
indented lines those that are formulas are set for the site; names of files, programs and statements stay as they are.
"""

import re

from pages.notation_runs import runs

GREEK = {
    "alpha": r"\alpha", "beta": r"\beta", "delta": r"\delta", "eps": r"\epsilon", "eta": r"\eta", "kappa": r"\kappa",
    "lam": r"\lambda", "lambda": r"\lambda", "mu": r"\mu", "phi": r"\varphi", "pi": r"\pi", "rho": r"\rho",
    "sigma": r"\sigma", "theta": r"\theta", "zeta": r"\zeta", "Lambda": r"\Lambda", "Phi": r"\Phi",
    "Sigma": r"\Sigma", "Theta": r"\Theta", "perp": r"\perp",
}  # fmt: skip
FUNCTIONS = {"cos", "cosh", "diag", "exp", "expm", "hypot", "inf", "max", "min", "sin", "sinh", "tanh", "tr"}
LARGE = {"sum": r"\sum", "int": r"\int"}
BARS = {"|": (r"\lvert", r"\rvert"), "||": (r"\lVert", r"\rVert")}
WORDS = {"at", "if", "is", "of", "or", "to"}
RELATIONS = {"+-": r"\pm", "!=": r"\ne", "<=": r"\le", ">=": r"\ge", "->": r"\to", "<": "<", ">": ">", "=": "="}
TOKEN = re.compile(r"\s+|\.\.\.|\+-|!=|<=|>=|->|\|\||[A-Za-z]+'?|\d+(?:,\d{3})*(?:\.\d+)?|.")
#: What a span must hold to be a formula, unless it is one letter.
FORMULA = re.compile(r"[\^=|]|<=|>=|->|\bsqrt\(|\beps\b|\*")
#: What no formula holds: paths, options, names of statements and modules.
CODE = re.compile(r"\w/\w+[/.]|--|\b(?!sigma_)[a-z]{3,}_[a-z]{3,}|[a-z]\.[a-z]|distort|python")


#: A name of the code that stands in formulas.
NAMES = {"ood_risk": "L_ood", "id_risk": "L_id"}
#: A symbol in the text: a letter or Greek name with what hangs on it.
SYMBOL = re.compile(
    rf"(?<![\w\\/`.&-])(?:[A-Za-z]|{'|'.join(sorted(GREEK, key=len, reverse=True))})\d?(?:\\?\*(?!\*))?"
    r"(?:_(?:[A-Za-z]{1,4}|\d)|\^(?:T|[A-Za-z]|-?\d|\([^()\s]+\)))*(?![\w/`*^])"
)
SPAN, BLOCK = re.compile(r"`([^`]+)`"), re.compile(r"(?<=\n\n)(?: {4}[^\n]*\n)+(?=\n)")


def with_formulas(page: str) -> str:
    """A page with its code spans and indented lines that are formulas as LaTeX, for an extension to set."""

    def block(match: re.Match[str]) -> str:
        lines = [line.strip() for line in match[0].splitlines() if line.strip()]
        return "".join(f"\\[{latex(line)}\\]\n\n" for line in lines)

    def span(match: re.Match[str]) -> str:
        return f"\\({latex(match[1])}\\)" if is_formula(match[1]) else match[0]

    parts = re.split(r"(\n\n(?: {4}[^\n]*\n)+(?=\n)|`[^`]+`)", page)
    done = []
    for part in parts:
        if part.startswith("`"):
            done.append(SPAN.sub(span, part))
        elif part.startswith("\n\n    "):
            done.append(BLOCK.sub(block, part + "\n"))
        else:
            lines = part.split("\n")
            done.append("\n".join(line if line.startswith("#") else _prose(line) for line in lines))
    return "".join(done)


def _prose(line: str) -> str:
    """A line of text with its formulas set, such as `k <= d - m`, and its symbols, such as `v0`, `B^T`, `eps` and `w*`.

    Links keep their addresses. In a table a bar ends a cell, so that only symbols are set there.
    """
    set_text = _symbols if re.match(r"\s*\|[ -]", line) else formulas_in_text
    parts = re.split(r"(\]\([^)]*\)|https?://\S+)", line)
    return "".join(part if index % 2 else set_text(part) for index, part in enumerate(parts))


def _symbols(text: str) -> str:
    return SYMBOL.sub(_symbol, text)


def formulas_in_text(text: str) -> str:
    """A piece of text with what stands in it as plain notation set as formulas."""
    done, reached = [], 0
    for start, end in runs(text, SYMBOL, FUNCTIONS):
        done += [_symbols(text[reached:start]), rf"\({latex(text[start:end])}\)"]
        reached = end
    return "".join([*done, _symbols(text[reached:])])


def _symbol(match: re.Match[str]) -> str:
    word = match[0]
    return f"\\({latex(word)}\\)" if word in GREEK or re.search(r"[\^_*\d]", word) else word


def is_formula(text: str) -> bool:
    """Whether a code span is a formula and not a name."""
    text = _renamed(text)
    return not CODE.search(text) and (bool(FORMULA.search(text)) or bool(re.fullmatch(r"[A-Za-z]|- eps", text)))


def latex(text: str) -> str:
    """A formula in plain notation as LaTeX.

    Raises:
      ValueError: a bracket is left open.
    """
    return _Reader(TOKEN.findall(_renamed(text.strip()))).sequence()


def _renamed(text: str) -> str:
    for name, symbol in NAMES.items():
        text = text.replace(name, symbol)
    return text.replace("\\*", "*")


class _Reader:
    def __init__(self, tokens: list[str]):
        self.tokens, self.place = tokens, 0
        self.open = dict.fromkeys(BARS, False)

    def peek(self, ahead: int = 0) -> str:
        index = self.place + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def sequence(self, end: str = "") -> str:
        parts = []
        while self.peek() and self.peek() != end:
            parts.append(self.item())
        if end:
            if not self.peek():
                raise ValueError(f"A formula must close its brackets, but there is no {end}.")
            self.take()
        return " ".join(part for part in parts if part)

    def item(self) -> str:
        token = self.take()
        if token.isspace():
            return r"\quad" if len(token) > 1 else ""
        if token == "sqrt":
            while self.peek().isspace():
                self.take()
            if self.peek() == "(":
                self.take()
                return rf"\sqrt{{{self.sequence(')')}}}"
            return rf"\sqrt{{{self.item()}}}"
        if token in BARS:
            self.open[token] = not self.open[token]
            return self.scripts(BARS[token][0 if self.open[token] else 1])
        if token in "([":
            return self.scripts(f"{token}{self.sequence({'(': ')', '[': ']'}[token])}{ {'(': ')', '[': ']'}[token] }")
        if token == ".":
            return r"\cdot" if self.peek().isspace() and self.peek(1) else "."
        if token in RELATIONS:
            return RELATIONS[token]
        return self.scripts(self.atom(token))

    def atom(self, token: str) -> str:
        name = token.rstrip("'")
        prime = "'" * (len(token) - len(name))
        if name in GREEK:
            return GREEK[name] + prime
        if name in FUNCTIONS:
            return rf"\operatorname{{{name}}}"
        if name in LARGE:
            return LARGE[name]
        if name == "...":
            return r"\ldots"
        if name.isalpha() and (len(name) > 2 or name in WORDS):
            return rf"\text{{ {name} }}"
        return token

    def scripts(self, base: str) -> str:
        """What hangs on an atom: a digit, a star, a subscript, a power."""
        lower, upper = "", ""
        if base[-1].isalpha() and self.peek().isdigit() and len(self.peek()) == 1:
            lower += self.take()
        if self.peek() == "*" and base[-1].isalpha():
            lower += self.take()
        while self.peek() in ("_", "^"):
            mark = self.take()
            script = self.script(mark)
            lower, upper = (lower + script, upper) if mark == "_" else (lower, upper + script)
        return base + (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")

    def script(self, mark: str) -> str:
        sign = self.take() if self.peek() in ("-", "+") else ""
        if sign and not self.peek().isalnum():
            return sign
        if self.peek() == "(":
            self.take()
            return sign + self.sequence(")")
        token = self.take() if self.peek() else ""
        if token == "T" and mark == "^":
            return r"\top"
        shown = sign + self.name(token)
        while mark == "_" and self.peek() in (",", ":") and self.peek(1).isalpha():
            shown += self.take() + self.name(self.take())
        return shown

    def name(self, token: str) -> str:
        if token.isalpha() and token not in GREEK and len(token) > 1:
            return rf"\mathrm{{{token}}}"
        return self.atom(token)
