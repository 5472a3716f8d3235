"""``fewshot-gui backbones``: what networks there are, trained ones too; fetching more."""

from __future__ import annotations

import argparse

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _


def add_backbones(commands: argparse._SubParsersAction) -> None:
    """Register the command. Imports nothing but the standard library."""
    parser = commands.add_parser("backbones", help=_("list, fetch and remove backbones"))
    parser.set_defaults(run=_run_list)
    parts = parser.add_subparsers(metavar="{list,download,add,remove}")
    parts.add_parser("list", help=_("what there is")).set_defaults(run=_run_list)
    download = parts.add_parser("download", help=_("fetch a backbone from the model hub"))
    download.add_argument("key", metavar="KEY", help=_("one of the list, or timm:NAME"))
    download.add_argument(
        "--accept-licence",
        action="store_true",
        help=_("you have read a licence that forbids or asks something"),
    )
    download.set_defaults(run=_run_download)
    add = parts.add_parser("add", help=_("keep a file of weights as a backbone"))
    add.add_argument("file", metavar="FILE", help=_("FILE.safetensors, or timm:NAME=FILE"))
    add.add_argument("--name", required=True, metavar="KEY", help=_("what to call it"))
    add.set_defaults(run=_run_add)
    remove = parts.add_parser("remove", help=_("delete a fetched or added backbone"))
    remove.add_argument("key", metavar="KEY")
    remove.set_defaults(run=_run_remove)


def _run_list(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.backbones.catalogue import all_backbones
    from fewshot_gui.backbones.offers import all_offers

    present = all_backbones()
    for card in present:
        print(_line(card.key, card.megabytes, card.speed, card.licence, card.title))
    keys = {card.key for card in present}
    offers = [offer for offer in all_offers() if offer.key not in keys]
    if offers:
        print()
        print(_("To fetch with “fewshot-gui backbones download KEY”:"))
    for offer in offers:
        print(_line(offer.key, offer.megabytes, offer.speed or "", offer.licence, offer.title))
    _list_trained()
    return 0


def _list_trained() -> None:
    """The learners that were trained, here or elsewhere, with the networks that they bring."""
    from fewshot_gui.learners.registry import learner_info
    from fewshot_gui.metatrain.shelf import trained_backbones

    cards = trained_backbones()
    if cards:
        print()
        print(_("Trained learners, used with “--learner KEY”:"))
    for card in cards:
        adapting = learner_info(card.key).reads == "images"
        title = _("{title} (learns every task anew)") if adapting else "{title}"
        words = title.format(title=card.title)
        print(_line(card.key, card.megabytes, card.speed, card.licence, words))


def _line(key: str, megabytes: float, speed: str, licence: str, title: str) -> str:
    return f"{key:<16} {megabytes:>7.1f} MB  {speed:<7} {licence:<16} {title}"


def _run_download(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.backbones.catalogue import all_backbones
    from fewshot_gui.backbones.install import find_offer, install_offer
    from fewshot_gui.backbones.offers import all_offers, offer_of

    offer = offer_of(args.key)
    if offer is None:
        raise UserError(
            _("There is no backbone “{key}” to fetch.").format(key=args.key),
            _("Choose one of: {known}.").format(
                known=", ".join([*(offer.key for offer in all_offers()), "timm:NAME"])
            ),
        )
    if any(card.key == offer.key for card in all_backbones()):
        print(_("The backbone “{key}” is here already.").format(key=offer.key))
        return 0
    offer, model = find_offer(offer)
    print(
        _("{name}: {size:.1f} MB, licence {licence}, from {source}").format(
            name=offer.name, size=offer.megabytes, licence=offer.licence, source=model.source
        ),
        flush=True,
    )
    _ask_consent(offer.warning, args.accept_licence)
    card = install_offer(offer, model, job)
    print(_("Ready: use it with “--backbone {key}”.").format(key=card.key))
    return 0


def _run_add(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.backbones.install import install_file

    card = install_file(args.file, args.name, job)
    if card.warning:
        job.notice(card.warning)
    print(_("Ready: use it with “--backbone {key}”.").format(key=card.key))
    return 0


def _run_remove(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.backbones.installed import remove

    remove(args.key)
    print(_("The backbone “{key}” is deleted.").format(key=args.key))
    return 0


def _ask_consent(warning: str, given: bool) -> None:
    if warning and not given:
        raise UserError(warning, _("Add --accept-licence if you agree."))
