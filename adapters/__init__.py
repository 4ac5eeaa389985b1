"""Everything that touches the world: the controller, stores, providers, the command line.

An application needs `Controller`, which gives it `LiveSession` handles, and the values of `detent.fsm` that describe a
chain. Arrows run one way: adapters use fsm, and fsm knows none of them.
"""

from .attempts import Attempt
from .controller import Controller
from .history import Subscription
from .journal import Journal, JournalInUseError
from .journal_lines import JournalError
from .journal_reading import JournalReader
from .outcomes import ExhaustedError, InterruptedTurnError, ProviderError, SurfacedError, TurnError
from .session import Answer, LiveSession, NoUpstreamsError
from .status import Cleared, Rest, SessionStatus
from .store import ConflictError, MemoryStore, SessionQuery, Store, StoreClosedError
from .upstreams import Upstreams
from .wire import Completion, Endpoint, Piece, UpstreamError
from .writer import ControllerClosedError

__all__ = [
    "Answer",
    "Attempt",
    "Cleared",
    "Completion",
    "ConflictError",
    "Controller",
    "ControllerClosedError",
    "Endpoint",
    "ExhaustedError",
    "InterruptedTurnError",
    "Journal",
    "JournalError",
    "JournalInUseError",
    "JournalReader",
    "LiveSession",
    "MemoryStore",
    "NoUpstreamsError",
    "Piece",
    "ProviderError",
    "Rest",
    "SessionQuery",
    "SessionStatus",
    "Store",
    "StoreClosedError",
    "Subscription",
    "SurfacedError",
    "TurnError",
    "UpstreamError",
    "Upstreams",
]
