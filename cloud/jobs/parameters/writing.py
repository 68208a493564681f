"""Writes other values, or other expressions, in the place of a step's parameters; all else stays as it is."""

from collections.abc import Mapping

from cloud.jobs.parameters.reading import Parameter, Value, read_parameters


def with_values(code: str, values: Mapping[str, Value]) -> str:
    """The code with these parameters, by name, set. One that has the value already keeps its literal as it stands."""
    parameters = {parameter.name: parameter for parameter in read_parameters(code)}
    changed = {
        name: literal_of(value, literal(code, parameters[name]))
        for name, value in values.items()
        if parameters[name].value != value
    }
    return with_expressions(code, changed)


def with_expressions(code: str, expressions: Mapping[str, str]) -> str:
    """The code with the literals of these parameters, by name, replaced by expressions."""
    if not expressions:
        return code
    source = code.encode()
    for parameter in sorted(read_parameters(code), key=lambda each: each.span, reverse=True):
        if parameter.name in expressions:
            first, last = parameter.span
            source = source[:first] + expressions[parameter.name].encode() + source[last:]
    return source.decode()


def literal(code: str, parameter: Parameter) -> str:
    """How the parameter's value is written in the code."""
    first, last = parameter.span
    return code.encode()[first:last].decode()


def literal_of(value: Value, like: str = "(") -> str:
    """Python for the value; a colour in brackets such as `like` begins with."""
    if not isinstance(value, tuple):
        return f'"{value}"' if isinstance(value, str) else repr(value)
    channels = ", ".join(repr(float(channel)) for channel in value)
    return f"[{channels}]" if like.startswith("[") else f"({channels})"
