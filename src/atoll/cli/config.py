"""`atoll config`: what a node's configuration says, or what is wrong with it."""

from __future__ import annotations

from dataclasses import fields

from atoll.cli.frame import HomeFolder, command, group
from atoll.cli.reply import Fields, Reply
from atoll.cli.words import listed, size
from atoll.node.config import load_config
from atoll.policy.local import LocalRules

app = group("Check a node's configuration.")


@command(app, "check", "atoll config check --home bank")
def check(home: HomeFolder) -> Reply:
    """Read HOME/atoll.toml and say what it means; refuse what it does not know."""
    config = load_config(home)
    rules = {one.name: _plain(getattr(config.policy, one.name)) for one in fields(LocalRules)}
    most = config.ceilings
    value = {
        "org": config.org,
        "peer": config.peer_listen,
        "https": config.https_listen,
        "folders": [str(one) for one in config.folders],
        "log": config.log_level,
        "policy": rules,
        "registration": {"sm3": config.takes_sm3},
        "jobs": {"max-memory-mb": most.memory_bytes >> 20, "max-traffic-mb": most.traffic_bytes >> 20},
    }
    limits = [
        f"{name.replace('_', '-')} {_words(one)}"
        for name, one in rules.items()
        if one is not None and name not in ("automatic", "answers_checks")
    ]
    pairs = [
        ("organisation", config.org),
        ("peer", config.peer_listen or "dials out only"),
        ("API", f"https://{config.https_listen}"),
        ("data folders", listed([str(one) for one in config.folders])),
        ("consent", "automatic, where policy permits" if config.policy.automatic else "a person approves each job"),
        ("own rules", "; ".join(limits) or "none beyond the grants"),
        ("a job takes", f"at most {size(most.memory_bytes)} of memory, and sends at most {size(most.traffic_bytes)}"),
        ("near copies", "checks are made and answered" if config.policy.answers_checks else "no checks, made or answered"),
    ]
    if config.takes_sm3:
        pairs.append(("fingerprints", "have SM3 of a file's bytes beside SHA-256"))
    return Reply(value, [Fields(pairs), "\nThe configuration can be used."])


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value


def _words(value: object) -> str:
    return listed([str(one) for one in value]) if isinstance(value, list) else str(value)
