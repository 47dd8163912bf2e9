/** Notices when vswitchd ends or starts, by a connection to one of its bridges: flows do not outlive the process. */
import { connect, type Socket } from 'node:net';

const retryMs = 300;
const headerBytes = 8;
const echoRequest = 2;
const echoReply = 3;
/** OpenFlow 1.4, OFPT_HELLO, 8 bytes, xid 1. */
const hello = Buffer.from([5, 0, 0, headerBytes, 0, 0, 0, 1]);

/** Where vswitchd takes connections for a bridge. */
export function bridgeSocket(bridge: string): string {
  return `${process.env.OVS_RUNDIR ?? '/var/run/openvswitch'}/${bridge}.mgmt`;
}

/** A run of the switch that is followed. */
export interface RunWatch {
  /** Tells one run from the next; '' while there is none. */
  readonly run: string;
  stop(): void;
}

/** Answers the questions whether this end is alive, and passes over everything else. */
function answerEchoes(socket: Socket): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const length = Math.max(headerBytes, rest.readUInt16BE(2));
      if (rest.length < length) return;
      const message = Buffer.from(rest.subarray(0, length));
      rest = rest.subarray(length);
      if (message[1] !== echoRequest) continue;
      message[1] = echoReply;
      socket.write(message);
    }
  });
}

/** Follows the runs of the switch that has the bridge; `changed` is called when one begins or ends. */
export function watchRun(bridge: string, changed: () => void): RunWatch {
  let count = 0;
  let run = '';
  let stopped = false;
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;

  function open(): void {
    const now = connect({ path: bridgeSocket(bridge) });
    socket = now;
    now.unref();
    now.on('error', () => undefined);
    now.once('connect', () => {
      count += 1;
      run = String(count);
      now.write(hello);
      answerEchoes(now);
      changed();
    });
    now.once('close', () => {
      const was = run;
      run = '';
      if (stopped) return;
      if (was !== '') changed();
      timer = setTimeout(open, retryMs);
      timer.unref();
    });
  }
  open();
  return {
    get run() {
      return run;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}
