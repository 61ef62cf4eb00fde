"""Routes that cost nothing until an address is made from them."""

from collections.abc import Callable

from werkzeug.routing import Rule


class LateRule(Rule):
    """A route that compiles what makes addresses from it when the first one is wanted: of most, none ever is."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # compiling two functions for each of 700 routes was half of the time that the app took to be made
        compile_now = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            made = compile_now(append_unknown).__get__(rule, None)
            setattr(rule, "_build_unknown" if append_unknown else "_build", made)
            return made(**values)
        return build
