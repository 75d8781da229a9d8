"""listener completion: the script that makes a shell's Tab know the commands."""

from __future__ import annotations

import click

from listener.completion import SHELLS, script


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script by which Tab completes in your shell.

    It knows commands, options, KPIs, and what config.yaml names: brands, sources, channels, rules, goals. Write it into
    the file where your shell looks for it, once:

    \b
      bash  ~/.local/share/bash-completion/completions/listener
      zsh   ~/.zfunc/_listener, where ~/.zfunc is in your $fpath
      fish  ~/.config/fish/completions/listener.fish

    Example: listener completion fish > ~/.config/fish/completions/listener.fish

    It holds for new shells, and stays right when Listener is updated. What config.yaml names is read from the folder
    where you are, or from --config where that comes first.
    """
    click.echo(script(shell), nl=False)
