"""What schemathesis has to be told about JSON that JSON Schema does not know."""

import schemathesis


def plain(value):
    """For JSON Schema 2.0 is a whole number, and for readers of whole numbers it is none: nobody writes it so."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    case.body = plain(case.body)
