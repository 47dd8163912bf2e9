/** Three hosts with tunnels between them: an instance on the first and one on the second, none on the third. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import type { CloudOptions, Daemon } from '../../../src/lab/cloud.ts';
import type { LabHost } from '../../../src/lab/host.ts';
import { agentLog, eventually, type Instance, type SmallCloud, startSmallCloud } from './small-cloud.ts';

/** What `neutrino agent plan` says of a host on which nothing is to be done. */
export const nothingToDo = 'Nothing: the host is as it should be.';

/** The cloud and what is asked of it. */
export interface ThreeHosts {
  readonly c: SmallCloud;
  readonly near: Instance;
  readonly far: Instance;
  /** In the order in which they were started. */
  readonly agents: readonly Daemon[];
  /** Whether a ping is answered. */
  reaches(from: Instance, to: string): Promise<boolean>;
  /** Lets a host's agent look at everything. */
  sync(index: number): Promise<void>;
  /** What the agent of a host would do. */
  plan(index: number): Promise<string>;
}

/** Starts them, and waits until the two instances reach each other. */
export async function startThreeHosts(options: Partial<CloudOptions>): Promise<ThreeHosts> {
  const agents: Daemon[] = [];
  const started: CloudOptions['started'] = (daemon, role) => {
    if (role === 'agent') agents.push(daemon);
  };
  const c = await startSmallCloud({ ...options, hosts: 3, started });
  const command = (index: number, verb: string) =>
    c.cloud.neutrino(index, ['agent', verb, '--state-dir', c.cloud.agentDir(index)]);
  const reaches = async (from: Instance, to: string) =>
    (await from.host.run(['ping', '-c', '1', '-W', '1', to], { netns: from.netns, mayFail: true })).code === 0;
  try {
    const [near, far] = await Promise.all([c.boot('near', { on: 0 }), c.boot('far', { on: 1 })]);
    await eventually('they reach each other', () => reaches(near, far.lease.ip));
    return {
      c,
      near,
      far,
      agents,
      reaches,
      async sync(index) {
        const outcome = await command(index, 'sync');
        assert.equal(outcome.code, 0, `${outcome.stderr}${await agentLog(c.cloud, index)}`);
      },
      plan: async (index) => (await command(index, 'plan')).stdout.trim(),
    };
  } catch (error) {
    await c.close();
    throw error;
  }
}

/** A ping that goes on; `lost` ends it and tells how many were sent and not answered. */
export async function pinging(
  from: Instance,
  to: string,
): Promise<{ lost(): Promise<{ sent: number; lost: number }> }> {
  const child: ChildProcess = from.host.start(['ping', '-i', '0.05', to], { netns: from.netns });
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  await eventually('the ping is answered', async () => output.includes('bytes from'));
  return {
    async lost() {
      from.host.kill(child, 'SIGINT');
      const [, sent, got] = await eventually('ping counts', async () => {
        return /(\d+) packets transmitted, (\d+) received/.exec(output) ?? undefined;
      });
      // The last one may be under way.
      return { sent: Number(sent), lost: Math.max(0, Number(sent) - Number(got) - 1) };
    },
  };
}

/** Listens on a device, of an instance or of the host itself; `heard` ends it and tells the lines. */
export async function listen(
  host: LabHost,
  filter: string,
  { netns, device = 'eth0' }: { netns?: string; device?: string } = {},
): Promise<{ heard(): Promise<string> }> {
  const argv = ['tcpdump', '-lni', device, filter];
  const sniff = host.start(argv, netns ? { netns } : {});
  let heard = '';
  let told = '';
  sniff.stdout?.on('data', (data) => {
    heard += data;
  });
  sniff.stderr?.on('data', (data) => {
    told += data;
  });
  await eventually('tcpdump listens', async () => told.includes('listening'));
  return {
    async heard() {
      host.kill(sniff, 'SIGINT');
      await eventually('tcpdump has said everything', async () => told.includes('captured'));
      return heard;
    },
  };
}
