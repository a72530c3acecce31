"""`atoll consortium found`: a genesis drafted from the founders' enrolments, signed by each on its own machine, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli.enrolling import read_enrolment
from atoll.cli.errors import BadArgument, SignatureMissing
from atoll.cli.files import read_bytes, read_message, write_new
from atoll.cli.frame import Group, HomeFolder, JsonOption, command
from atoll.cli.init import fingerprint_of
from atoll.cli.options import YesOption
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm, print_shown, say, show
from atoll.cli.words import iso, listed, yes_no
from atoll.ledger.errors import BadGenesis
from atoll.ledger.genesis import FounderSignature, Genesis, genesis_digest, verify_genesis
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.membership import Enrolment
from atoll.node.config import Home, load_config
from atoll.node.founding import draft_genesis, seal_genesis, sign_genesis
from atoll.node.home import open_home_keys
from atoll.ports import SystemClock
from atoll.trust.roles import Role
from atoll.trust.signer import SoftwareSigner
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message

app = typer.Typer(cls=Group, add_completion=False, rich_markup_mode=None)
ChainOption = Annotated[str, typer.Option("--chain-id", metavar="NAME", help="Name of the ledger, such as example.org/lagoon.")]
SequencerOption = Annotated[
    str,
    typer.Option("--sequencer", metavar="ORG", help="Founder that orders transactions first; the only operator if left out."),
]
DraftArgument = Annotated[Path, typer.Argument(metavar="DRAFT", help="From `found draft`.")]
TestOption = Annotated[bool, typer.Option("--test", help="Mark it for ever as a test, in which insecure modes may run.")]
EngineOption = Annotated[
    EngineKind,
    typer.Option(
        "--engine",
        help="What orders transactions: one operator that others watch, or every validating member together by CometBFT.",
    ),
]
FEW_VALIDATORS = 4
"""With fewer, CometBFT stops as soon as one is down."""
DRAFT_WORDS = "draft of a genesis, as `atoll consortium found draft` makes one"
DRAFT, GENESIS = Path("genesis.draft"), Path("genesis.atoll")


@app.callback(
    invoke_without_command=True,
    epilog="\n".join(
        (
            "atoll consortium found draft */enrolment.atoll --chain-id example.org/lagoon",
            "atoll consortium found sign genesis.draft --home bank        # each founder",
            "atoll consortium found seal genesis.draft *.signature",
            "atoll consortium found install genesis.atoll --home bank     # each founder",
            "atoll consortium found --home bank --home bureau --chain-id test.example/lagoon --test",
        )
    ),
)
def found(
    ctx: typer.Context,
    home: Annotated[
        list[Path] | None, typer.Option("--home", metavar="DIR", help="Home of a founder on this machine; repeat.")
    ] = None,
    chain_id: ChainOption = "",
    sequencer: SequencerOption = "",
    engine: EngineOption = EngineKind.EMBEDDED,
    test: TestOption = False,
    as_json: JsonOption = False,
) -> int:
    """Found a consortium: draft, sign at each founder, seal, install.

    Each step can happen on another machine; what passes between them is public. With --home for every founder, all steps
    are done here at once, which needs the keys of all of them in one place and is for tests.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    reply = _found_here(home or [], chain_id, sequencer, engine, test)
    show(reply, as_json=as_json)
    return reply.exit_code


@command(
    app,
    "draft",
    "atoll consortium found draft bank/enrolment.atoll bureau/enrolment.atoll operator/enrolment.atoll "
    "--chain-id example.org/lagoon",
)
def draft(
    enrolments: Annotated[list[Path], typer.Argument(metavar="ENROLMENT", help="enrolment.atoll of each founder's home.")],
    chain_id: ChainOption,
    sequencer: SequencerOption = "",
    engine: EngineOption = EngineKind.EMBEDDED,
    test: TestOption = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the draft goes.")] = DRAFT,
) -> Reply:
    """Draft the genesis that every founder then signs.

    Compare the fingerprints with those that each organisation's `atoll init` printed, over a channel that nobody between you
    controls.
    """
    found = [read_enrolment(one) for one in enrolments]
    body = _draft(found, chain_id, sequencer, engine, test)
    write_new(out, body)
    genesis = parse_message(body, Genesis)
    after = f"\nNext, every founder signs it at home:\n  atoll consortium found sign {out} --home HOME"
    return Reply(_plain(genesis, body) | {"draft": str(out)}, [*_describe(genesis, body), after])


@command(app, "sign", "atoll consortium found sign genesis.draft --home bank --out bank.signature")
def sign(
    home: HomeFolder,
    draft_file: DraftArgument,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the signature goes. [default: ORG.signature]")] = None,
    yes: YesOption = False,
) -> Reply:
    """Sign the genesis as the organisation of this home, after a look at who is in it."""
    body = read_bytes(draft_file)
    genesis = read_message(draft_file, Genesis, DRAFT_WORDS)
    print_shown(_describe(genesis, body), to_stderr=True)
    config = load_config(home)
    confirm(f"Sign this as {config.org}?", yes=yes)
    signature = _sign(home, body)
    path = out or Path(f"{config.org}.signature")
    write_new(path, encode_message(signature))
    digest = genesis_digest(body).hex()
    return Reply(
        {"org": config.org, "genesis_digest": digest, "signature": str(path)}, [f"{config.org} signed {digest} into {path}"]
    )


@command(app, "seal", "atoll consortium found seal genesis.draft bank.signature bureau.signature operator.signature")
def seal(
    draft_file: DraftArgument,
    signatures: Annotated[list[Path], typer.Argument(metavar="SIGNATURE", help="From `found sign`, one of each founder.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the genesis goes.")] = GENESIS,
) -> Reply:
    """Join draft and signatures into the genesis file, and verify all of it."""
    body = read_bytes(draft_file)
    genesis = read_message(draft_file, Genesis, DRAFT_WORDS)
    given = [read_message(one, FounderSignature, "signature, as `atoll consortium found sign` makes one") for one in signatures]
    missing = sorted({one.org for one in genesis.founders} - {one.org for one in given})
    if missing:
        raise SignatureMissing(orgs=", ".join(missing))
    sealed = seal_genesis(body, given)
    write_new(out, sealed)
    after = f"\nNext, every founder installs it and starts:\n  atoll consortium found install {out} --home HOME\n"
    after += "  atoll node start --home HOME"
    return Reply(_plain(genesis, body) | {"genesis": str(out)}, [*_describe(genesis, body), after])


@command(app, "install", "atoll consortium found install genesis.atoll --home bank")
def install(
    home: HomeFolder,
    genesis_file: Annotated[Path, typer.Argument(metavar="GENESIS", help="From `found seal`.")],
) -> Reply:
    """Verify a genesis file and put it into a founder's home."""
    data = read_bytes(genesis_file)
    genesis, digest = verify_genesis(data)
    own = _enrolment(home)
    if own not in genesis.founders:
        raise BadGenesis(reason=f"it does not name {own.org} with the keys and endpoints of this home")
    write_new(Home(home).genesis, data)
    value = {"org": own.org, "chain_id": genesis.chain_id, "genesis_digest": digest.hex()}
    pairs = [("organisation", own.org), ("consortium", genesis.chain_id), ("genesis", digest.hex())]
    return Reply(value, [Fields(pairs), f"\nNext: atoll node start --home {home}"])


def _draft(found: Sequence[Enrolment], chain_id: str, sequencer: str, engine: EngineKind, test: bool) -> bytes:
    ordering = sequencer or _only_operator(found)
    try:
        body = draft_genesis(found, chain_id=chain_id, sequencer=ordering, clock=SystemClock(), test=test, engine=engine)
    except MessageError as err:
        option = {"chain_id": f"--chain-id {chain_id}", "sequencer": f"--sequencer {sequencer}"}.get(err.field, "The draft")
        raise BadArgument(what=option, reason=f"{err.field.replace('_', ' ')} {err.problem}") from err
    except BadGenesis as err:
        chain = "chain id" in err.operands["reason"]
        raise BadArgument(what=f"--chain-id {chain_id}" if chain else "The draft", reason=err.operands["reason"]) from err
    votes = sum(one.validating for one in found)
    if engine is EngineKind.COMETBFT and votes < FEW_VALIDATORS:
        say(f"only {votes} validate: with fewer than {FEW_VALIDATORS}, one that is down stops the ledger")
    return body


def _found_here(homes: Sequence[Path], chain_id: str, sequencer: str, engine: EngineKind, test: bool) -> Reply:
    if not homes or not chain_id:
        raise BadArgument(what="`consortium found` without a step", reason="it needs --home for each founder, and --chain-id")
    enrolments = [_enrolment(one) for one in homes]
    body = _draft(enrolments, chain_id, sequencer, engine, test)
    say(f"signing with the keys of {len(homes)} organisations on one machine: for tests")
    sealed = seal_genesis(body, [_sign(one, body) for one in homes])
    for one in homes:
        write_new(Home(one).genesis, sealed)
    genesis = parse_message(body, Genesis)
    after = "\nNext, start every node:\n" + "\n".join(f"  atoll node start --detach --home {one}" for one in homes)
    return Reply(_plain(genesis, body), [*_describe(genesis, body), after])


def _sign(home: Path, body: bytes) -> FounderSignature:
    config = load_config(home)
    return sign_genesis(body, config.org, _enrolment(home), SoftwareSigner(open_home_keys(config)))


def _enrolment(home: Path) -> Enrolment:
    return read_enrolment(home)


def _only_operator(enrolments: Sequence[Enrolment]) -> str:
    operators = [one.org for one in enrolments if Role.OPERATOR in one.roles]
    if len(operators) != 1:
        who = f"several founders are operators, {', '.join(sorted(operators))}" if operators else "no founder is an operator"
        raise BadArgument(what="The draft", reason=f"{who}, so --sequencer has to say who orders transactions first")
    return operators[0]


def _plain(genesis: Genesis, body: bytes) -> dict[str, object]:
    founders = [
        {
            "org": one.org,
            "title": one.title,
            "roles": list(one.roles),
            "validating": one.validating,
            "consensus_peer": one.consensus_peer,
            "fingerprint": fingerprint_of(one),
        }
        for one in genesis.founders
    ]
    return {
        "chain_id": genesis.chain_id,
        "genesis_digest": genesis_digest(body).hex(),
        "engine": genesis.engine,
        "sequencer": genesis.sequencer,
        "test": genesis.test,
        "founders": founders,
    }


def _describe(genesis: Genesis, body: bytes) -> list[Shown]:
    on_cometbft = genesis.engine is EngineKind.COMETBFT
    rows = [
        (
            one.org,
            one.title,
            listed(one.roles),
            yes_no(one.validating),
            one.peer or "dials out",
            *([one.consensus_peer.partition("@")[2] or "dials out"] if on_cometbft else []),
            fingerprint_of(one),
        )
        for one in genesis.founders
    ]
    pairs = [
        ("consortium", genesis.chain_id + (" (test: insecure modes may run)" if genesis.test else "")),
        ("genesis", genesis_digest(body).hex()),
        ("founded", iso(genesis.time)),
        (
            "ordered by",
            "every validating founder in turn: consensus (CometBFT)" if on_cometbft else f"{genesis.sequencer}, at first",
        ),
    ]
    columns = ("founder", "title", "roles", "validating", "peer", *(["consensus"] if on_cometbft else []), "fingerprint")
    return [Fields(pairs), "", Rows(columns, rows)]
