/** A ping that goes on: what is lost while something else happens. */
import { type CommandHost, collect } from './host.ts';

/** A ping that runs. */
export interface Ping {
  /** Ends it and tells how many requests had no answer; the one that may be under way is not counted. */
  stop(): Promise<{ readonly sent: number; readonly lost: number }>;
}

/** Pings 50 times a second from a namespace ('' is the host's own). */
export function startPing(host: CommandHost, netns: string, target: string): Ping {
  const child = host.start(['ping', '-n', '-q', '-i', '0.02', target], netns ? { netns } : {});
  const ended = collect(child, 600_000);
  return {
    async stop() {
      host.kill(child, 'SIGINT');
      const { stdout, stderr } = await ended;
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
      if (sent === undefined) throw new Error(`ping ${target}: ${stdout}${stderr}`);
      const missing = Number(sent) - Number(received);
      return { sent: Number(sent), lost: Math.max(0, missing - 1) };
    },
  };
}
