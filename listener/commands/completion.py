"""listener completion: the script that makes a shell's Tab know the commands."""

from __future__ import annotations

import click

from listener.completion import SHELLS, script


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that completes commands, options, brands, KPIs and sources in your shell.

    Bash: listener completion bash > ~/.local/share/bash-completion/completions/listener

    Zsh: listener completion zsh > ~/.zfunc/_listener, a folder of your $fpath.

    Fish: listener completion fish > ~/.config/fish/completions/listener.fish

    It holds for new shells, and stays right when Listener is updated. What config.yaml names is read from the folder
    where you are, or from --config where that comes first.
    """
    click.echo(script(shell), nl=False)
