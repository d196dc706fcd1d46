"""What every listener serves beside ping and identify (`../../README.md`, "What a listener serves")."""

from libp2p.custom_types import TProtocol

ECHO = TProtocol("/echo/1.0.0")
PERF = TProtocol("/perf/1.0.0")
LATE = TProtocol("/floe/late/1.0.0")
SOURCE = TProtocol("/floe/source/1.0.0")
STOP = TProtocol("/floe/stop/1.0.0")
RESET = TProtocol("/floe/reset/1.0.0")
ENDING = TProtocol("/floe/ending/1.0.0")

# What the stories of half-closing and stopping carry each way.
PORTION = 64 * 1024
