/** `neutrino demo`: a whole small cloud in namespaces, proved with real traffic, and gone without a trace. */

import { type CloudOptions, createCloud, type LabCloud, networkTypes, outside } from '../lab/cloud.ts';
import { noOvs } from '../lab/ovs.ts';
import { speaker } from '../lib/catalogue.ts';
import { type Cli, CommandError, choice, command, flag } from './command.ts';
import { languageOption } from './common-options.ts';
import { noteKept, readKept, startTimeOf, takeDown } from './demo/kept.ts';
import { type DemoSay, demoSentences } from './demo/messages.ts';
import { type DemoResult, type Narrator, tellStory } from './demo/story.ts';

function narrator(cli: Cli, say: DemoSay): Narrator {
  const start = performance.now();
  const tell = (line: string) => (cli.json ? cli.tell(line) : cli.write(`${line}\n`));
  return {
    say,
    chapter: (line) => tell(`\n${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${line}`),
    command: (line) => tell(`         $ ${line}`),
    result: (lines) => {
      for (const line of lines.split('\n')) tell(`         ${line}`);
    },
  };
}

async function tellKept(cloud: LabCloud, n: Narrator, floatingIp: string): Promise<void> {
  const everyone = [...cloud.hosts, cloud.world];
  const pids = await Promise.all(everyone.map(async ({ pid }) => ({ pid, startTime: await startTimeOf(pid) })));
  await noteKept({ folder: cloud.folder, pids });
  const host = cloud.hosts[0]?.pid;
  n.chapter(n.say('kept'));
  const env = `OS_CLIENT_CONFIG_FILE=${cloud.cloudsFile} OS_CLOUD=neutrino`;
  const lines = [
    [n.say('keptClient'), `${env} nsenter -t ${host} -n openstack floating ip list`],
    [n.say('keptHost'), `nsenter -t ${host} -n -m -p bash`],
    [n.say('keptWorld'), `nsenter -t ${cloud.world.pid} -n curl http://${floatingIp}:9000/`],
    [n.say('keptDown'), 'neutrino demo --down'],
  ];
  for (const [what, line] of lines) n.result(`${what}:\n  ${line}`);
}

/** What of a cloud is chosen. */
type Choice = Pick<CloudOptions, 'driver' | 'type' | 'hosts' | 'nat'>;

async function demo(cli: Cli, keep: boolean, choice: Choice, say: DemoSay): Promise<DemoResult> {
  const n = narrator(cli, say);
  const { hosts: count = 1 } = choice;
  n.chapter(say(count === 1 ? 'hosts' : 'manyHosts', { gateway: outside.gateway, count }));
  // Server and agent are this same program.
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const cloud = await createCloud({ program, kept: keep, ...choice });
  let done = false;
  try {
    const aborted = new Promise<never>((_, reject) => {
      const stop = () => reject(new CommandError(say('interrupted')));
      if (cli.signal.aborted) stop();
      cli.signal.addEventListener('abort', stop, { once: true });
    });
    const story = (async () => {
      n.chapter(say(count === 1 ? 'server' : 'manyAgents', { url: cloud.insideUrl }));
      await cloud.startServer();
      for (const index of cloud.hosts.keys()) await cloud.startAgent(index);
      return tellStory(cloud, n, { keep });
    })();
    // After an interruption the story ends by the hosts going away under it; nobody waits for how.
    story.catch(() => {});
    const result = await Promise.race([story, aborted]);
    if (keep) {
      await tellKept(cloud, n, result.floatingIp);
      cloud.leave();
    }
    done = true;
    return result;
  } finally {
    if (!keep || !done) {
      await cloud.close();
      n.chapter(say('clean'));
    }
  }
}

/** The words of the command line as what a cloud is made of. A CommandError where they do not go together. */
function chosen(given: {
  readonly nat: Choice['nat'];
  readonly driver: 'linuxbridge' | 'ovs' | undefined;
  readonly type: Choice['type'];
  readonly hosts: '1' | '2' | '3' | undefined;
}): Choice {
  const { nat, driver, type, hosts } = given;
  if (driver !== 'ovs' && (type === 'gre' || type === 'geneve'))
    throw new CommandError(
      `Bridges of the kernel have no tunnels of type ${type}: say --driver ovs, or another type.`,
      2,
    );
  const missing = driver === 'ovs' ? noOvs() : undefined;
  if (missing) throw new CommandError(`--driver ovs: ${missing}.`);
  return {
    ...(nat ? { nat } : {}),
    ...(driver === 'ovs' ? { driver: 'openvswitch' } : {}),
    ...(type ? { type } : {}),
    ...(hosts ? { hosts: Number(hosts) as 1 | 2 | 3 } : {}),
  };
}

/** `neutrino demo`. */
export const demoCommand = command({
  name: 'demo',
  summary: 'Build a whole small cloud in namespaces, prove a forwarded port with real traffic, and take it down.',
  detail: 'Needs root. Everything happens in network, mount and PID namespaces of its own; the machine is not touched.',
  options: {
    keep: flag('--keep', 'leave the cloud up and tell how to look inside'),
    nat: choice(
      '--nat DRIVER',
      ['iptables', 'nftables'],
      'by what the router translates addresses; iptables by default',
    ),
    driver: choice(
      '--driver DRIVER',
      ['linuxbridge', 'ovs'],
      'by what the hosts switch frames; linuxbridge by default',
    ),
    type: choice('--type TYPE', networkTypes, 'the type of the tenant network; vxlan by default'),
    hosts: choice('--hosts N', ['1', '2', '3'], 'how many hosts; 1 by default. The instance is on the last one'),
    down: flag('--down', 'take down a cloud that was left up'),
    language: languageOption,
  },
  examples: [
    'neutrino demo',
    'neutrino demo --keep',
    'neutrino demo --nat nftables',
    'neutrino demo --driver ovs --type geneve --hosts 2',
    'neutrino demo --down',
  ],
  async run({ keep, nat, driver, type, hosts, down, language }, cli) {
    const say = speaker(demoSentences, language);
    if (process.getuid?.() !== 0)
      throw new CommandError('The demo makes namespaces, which needs root: run it with sudo.');
    const kept = await readKept();
    if (down) {
      if (kept) await takeDown(kept);
      cli.answer({ takenDown: kept !== undefined }, () => `${say(kept ? 'taken' : 'nothingKept')}\n`);
      return 0;
    }
    if (keep && kept) throw new CommandError('A demo is up already; take it down first: neutrino demo --down');
    const result = await demo(cli, keep, chosen({ nat, driver, type, hosts }), say);
    cli.answer(result, () => '');
    return 0;
  },
});
