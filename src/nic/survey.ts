/** Looks at what a move would meet: wireless, firewalls, sockets, other machines with the same address. Reads only. */
import { existsSync } from 'node:fs';
import { run } from '../host/run.ts';
import { hasSystemd } from './boot-hook.ts';
import { deviceOf } from './decide/carry.ts';
import type { Surroundings } from './decide/findings.ts';
import { ends } from './decide/steps.ts';
import { readJournals, settled } from './journal.ts';
import type { Manager, Move, Snapshot } from './types.ts';

/** The lines that a program prints; none where it is not there or fails. */
async function linesOf(...argv: string[]): Promise<string[]> {
  const text = await run(argv).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return text.split('\n').map((line) => line.trim());
}

/** How many rules a person is shown. */
const shownRules = 5;

async function firewallOn(device: string): Promise<string[]> {
  const all = await Promise.all([
    linesOf('iptables-save'),
    linesOf('ip6tables-save'),
    linesOf('nft', 'list', 'ruleset'),
    linesOf('firewall-cmd', '--get-zone-of-interface', device).then((zones) =>
      zones.map((zone) => zone && `firewalld ${zone} ${device}`),
    ),
  ]);
  const word = new RegExp(`(^|[\\s"{,])${device.replace(/[.*+?^$|()[\]{}\\]/g, '\\$&')}($|[\\s"},])`);
  return [...new Set(all.flat().filter((line) => word.test(line) && !line.startsWith('#')))].slice(0, shownRules);
}

/** Programs that the move looks after, and what asks the gateway at this moment. */
const cared = /^(arping|ping|dhclient|udhcpc|busybox|systemd-network.*|NetworkManager)$/;

async function boundTo(device: string): Promise<string[]> {
  const sockets = [...(await linesOf('ss', '-Htuwlnp')), ...(await linesOf('ss', '-H0lnp'))];
  const named = sockets.filter((line) => line.includes(`%${device}:`) || line.includes(`:${device} `));
  const programs = named.flatMap((line) => /users:\(\("([^"]+)"/.exec(line)?.[1] ?? []);
  return [...new Set(programs)].filter((program) => !cared.test(program));
}

/** IPv4 addresses that another machine answers for. */
async function answeredElsewhere(snapshot: Snapshot, device: string): Promise<string[]> {
  const addresses = deviceOf(snapshot, device)?.addresses ?? [];
  const asked = addresses.filter(({ family, scope, prefix }) => family === 4 && scope === 'global' && prefix < 32);
  const found = await Promise.all(
    asked.map(async ({ local }) => {
      const argv = ['arping', '-D', '-q', '-c', '1', '-w', '1', '-I', device, local];
      const { code } = await run(argv, { codes: [0, 1, 2], deadlineMs: 4000 }).catch(() => ({ code: 0 }));
      return code === 1 ? [local] : [];
    }),
  );
  return found.flat();
}

/** Looks around. */
export async function lookAround(
  snapshot: Snapshot,
  move: Move,
  folder: string,
  manager: Manager,
): Promise<Surroundings> {
  const { from } = ends(move);
  const [journals, firewall, bound, elsewhere] = await Promise.all([
    readJournals(folder),
    firewallOn(from),
    boundTo(from),
    answeredElsewhere(snapshot, from),
  ]);
  const pending = journals.find(({ phase }) => !settled.has(phase));
  const sys = `/sys/class/net/${move.nic}`;
  return {
    isRoot: process.getuid?.() === 0,
    isWireless: existsSync(`${sys}/wireless`) || existsSync(`${sys}/phy80211`),
    hasSystemd: hasSystemd(),
    answeredElsewhere: elsewhere,
    firewall,
    bound,
    manager,
    ...(pending ? { pending } : {}),
  };
}
