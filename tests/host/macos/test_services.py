"""What scutil tells of the services of a Mac."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Router
from routewatch.host.macos.services import Connection, Primary, connections, primaries, routers

WORK, HOME = "07CD635E-71A1-4229-9C2F-B485A7700001", "2C5C591F-B2EB-4ADD-8A69-04109E8A0002"
GLOBAL = f"""\
<dictionary> {{
  AdditionalRoutes : <array> {{
    0 : <dictionary> {{
      Router : 10.99.99.99
    }}
  }}
  PrimaryInterface : en0
  PrimaryService : {WORK}
  Router : 192.168.7.1
}}
"""
ON_A_TUNNEL = "<dictionary> {\n  PrimaryInterface : utun4\n  PrimaryService : x\n}\n"
LIST = f"""\
Available network connection services in the current set (*=enabled):
* (Connected)      {WORK} VPN (com.example.vpn) "Work "A" [old]"                  [VPN:com.example.vpn]
* (Disconnected)   {HOME} IPSec "Home"                           [IPSec]
  (Connecting)     {HOME} VPN --> IKEv2      "Off by default"    [VPN:IKEv2]
"""


def test_the_primary_service_names_the_interface_and_the_router() -> None:
    assert primaries(GLOBAL) == (Primary("en0", WORK, "192.168.7.1"),)


def test_each_question_of_one_run_has_its_answer() -> None:
    assert primaries(f"{ON_A_TUNNEL}  No such key\n{GLOBAL}") == (
        Primary("utun4", "x", None),
        None,
        Primary("en0", WORK, "192.168.7.1"),
    )
    assert primaries("") == ()
    assert primaries("<dictionary> {\n  PrimaryService : x\n}\n") == (None,)


def test_an_answer_that_was_cut_short_is_none_at_all() -> None:
    assert primaries(GLOBAL.rstrip("}\n")) == ()


def test_the_router_of_the_primary_service_is_told_where_it_has_one() -> None:
    assert routers(f"{ON_A_TUNNEL}  No such key\n{GLOBAL}") == (
        Router(family="inet", interface="en0", address="192.168.7.1"),
    )
    assert routers(GLOBAL.replace("192.168.7.1", "2001:db8::1")) == ()
    assert routers(GLOBAL.replace("192.168.7.1", "nobody")) == ()


def test_vpn_services_are_told_with_their_state_and_their_provider() -> None:
    work, home, other = connections(LIST) or ()

    assert work == Connection(
        "Connected", WORK, 'Work "A" [old]', "VPN (com.example.vpn)", "VPN:com.example.vpn", enabled=True
    )
    assert home == Connection("Disconnected", HOME, "Home", "IPSec", "IPSec", enabled=True)
    assert other == Connection("Connecting", HOME, "Off by default", "VPN --> IKEv2", "VPN:IKEv2")
    assert [one.name for one in (work, home, other) if one.is_connected] == ['Work "A" [old]']


def test_what_is_no_list_of_services_is_not_taken_for_an_empty_one() -> None:
    title = LIST.splitlines()[0]
    assert title
    assert connections(f"{title}\n") == ()
    assert connections("") is None
    assert connections("scutil: no\n") is None


@given(st.text(), st.integers(0, 1000))
def test_no_text_raises(text: str, at: int) -> None:
    for whole in (GLOBAL, LIST):
        damaged = whole[:at] + text + whole[at:]
        primaries(damaged)
        routers(damaged)
        connections(damaged)
