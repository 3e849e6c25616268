"""A relay that makes a line long: what comes in is passed on a while later, in both directions."""
import asyncio
import contextlib
import os
import sys

HALF_OF_THE_ROUND_TRIP = 0.025


@contextlib.contextmanager
def delaying(port, cpus):
    """A relay to this port, as a program of its own; its own port."""
    from loadbench.scene import end, free_ports, run_pinned, wait_until

    own, = free_ports(1)
    process = run_pinned([sys.executable, os.path.abspath(__file__), str(own), str(port)], cpus)
    try:
        wait_until(lambda: answers(own), "the relay does not listen")
        yield own
    finally:
        end(process)


def answers(port):
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def pass_on(reader, writer):
    """However much is on its way, reading goes on: a long line holds what a window lets in."""
    loop, line = asyncio.get_running_loop(), asyncio.Queue()

    async def read():
        while True:
            piece = await reader.read(1 << 18)
            line.put_nowait((loop.time() + HALF_OF_THE_ROUND_TRIP, piece))
            if not piece:
                return

    reading = asyncio.create_task(read())
    try:
        while True:
            due, piece = await line.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        reading.cancel()
        writer.close()


async def serve(own, port):
    async def one(reader, writer):
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, to_writer), pass_on(to_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(one, "127.0.0.1", own)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
