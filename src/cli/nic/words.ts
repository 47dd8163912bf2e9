/** Plans, findings and outcomes of moves, as a person reads them. */
import { carry } from '../../nic/decide/carry.ts';
import { ends, type NicStep } from '../../nic/decide/steps.ts';
import { addressName } from '../../nic/decide/words.ts';
import { unifiedDiff } from '../../nic/files/diff.ts';
import type { MovePlan } from '../../nic/move.ts';
import type { Finding, Journal } from '../../nic/types.ts';
import { type NicSay, sayCode } from './messages.ts';

const indent = (text: string, by = '  '): string => text.replace(/^/gm, by);

/** Findings, a paragraph each; '' for none. */
export function findingWords(findings: readonly Finding[], say: NicSay): string {
  const no = findings.filter(({ level }) => level === 'refusal');
  const half = findings.filter(({ code }) => code.startsWith('half-'));
  const mind = findings.filter(({ level, code }) => level !== 'refusal' && !code.startsWith('half-'));
  const list = (all: readonly Finding[]) =>
    all.map(({ code, values }) => `${indent(sayCode(say, code, values))}\n`).join('');
  return [
    ...(no.length === 0 ? [] : [`${say('refused')}\n${list(no)}`]),
    ...(half.length === 0 ? [] : [`${say('wrong')}\n${list(half)}`]),
    ...(mind.length === 0 ? [] : [`${say('mind')}\n${list(mind)}`]),
  ].join('');
}

/** A step as commands that a person could type. */
function stepWords(step: NicStep): string[] {
  switch (step.do) {
    case 'ip':
      return step.lines.map((line) => `ip ${step.family === undefined ? '' : `-${step.family} `}${line}`);
    case 'settings':
      return Object.entries(step.values).length > 3
        ? [`sysctl: as the other device has it (${Object.keys(step.values).length})`]
        : Object.entries(step.values).map(
            ([name, value]) => `sysctl net.${name.replace('DEV', step.device).replace(/\//g, '.')}=${value}`,
          );
    case 'ovs':
      return [`ovs-vsctl ${step.argv.join(' ')}`];
    case 'shield':
      return [`nft ${step.on ? 'add' : 'delete'} table netdev (ingress of ${step.device}: drop)`];
    case 'dns':
      return [`resolvectl dns ${step.device} ${step.servers.join(' ')}; domains ${step.domains.join(' ')}`];
    case 'pause':
    case 'resume':
      return [`kill -${step.do === 'pause' ? 'STOP' : 'CONT'} ${step.client.pid} (${step.client.program})`];
  }
}

function loadWords({ move, before, clients, supplement }: Journal): string[] {
  const { from, to } = ends(move);
  const load = carry(before, from, to, supplement);
  const device = before.devices.find(({ name }) => name === move.nic);
  return [
    ...(device ? [`MAC ${device.mac}, MTU ${device.mtu}`] : []),
    ...load.addresses.map((address) => `address ${addressName(address)}`),
    ...load.leaving.map(({ words }) => `route ${words.join(' ')}`),
    ...load.rules.map(({ words }) => `rule ${words.join(' ')}`),
    ...load.neighbours.filter(({ permanent }) => permanent).map(({ dst, mac }) => `neighbour ${dst} ${mac ?? 'proxy'}`),
    ...(before.dns?.[from]?.servers ?? []).map((server) => `DNS server ${server}`),
    ...load.groups.map((group) => `multicast ${group}`),
    ...clients.map(({ program, pid }) => `DHCP lease of ${program} (process ${pid})`),
  ];
}

function checkWords({ checks }: Journal, say: NicSay): string {
  const gateways = checks.gateways.map(({ address, ping }) => `${address} (${ping ? 'ARP/ND, ping' : 'ARP/ND'})`);
  const all = [...gateways, ...checks.tcp.map((target) => `tcp ${target}`)];
  return `${say('checked')} ${all.length === 0 ? say('nothing') : all.join(', ')}\n`;
}

function fileWords({ persistence }: Journal, say: NicSay): string {
  if (persistence.files.length === 0) return `${say('noFiles')}\n`;
  const diffs = persistence.files.map(({ path, before, after }) => indent(unifiedDiff(path, before, after)));
  return `${say('files', { manager: persistence.manager })}\n${diffs.join('\n')}\n`;
}

/** The whole plan. */
export function planWords({ journal, steps, done }: MovePlan, say: NicSay): string {
  const { move, findings } = journal;
  const { from, to } = ends(move);
  if (done) return `${say('already', { nic: move.nic, bridge: move.bridge })}\n${findingWords(findings, say)}`;
  const title = say(move.kind === 'adopt' ? 'planTitle' : 'planRelease', {
    nic: move.nic,
    bridge: move.bridge,
    driver: move.driver,
  });
  if (findings.some(({ level }) => level === 'refusal')) return `${title}\n${findingWords(findings, say)}`;
  return [
    `${title}\n\n${say('goes', { from, to })}\n${indent(loadWords(journal).join('\n'))}\n`,
    `${say('steps')}\n${indent(steps.flatMap(stepWords).join('\n'))}\n`,
    fileWords(journal, say),
    checkWords(journal, say),
    findingWords(findings, say),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** What became of a move. */
export function outcomeWords(journal: Journal, say: NicSay): string {
  const { phase, move, reason, timeoutSeconds } = journal;
  const names = { nic: move.nic, bridge: move.bridge };
  if (phase === 'confirmed') return `${say(move.kind === 'adopt' ? 'done' : 'released', names)}\n`;
  if (phase === 'undone') {
    const why = sayCode(say, reason?.code ?? '', reason?.values ?? {});
    const left = journal.left ?? [];
    return left.length === 0
      ? `${say('undone', { why })}\n`
      : `${say('undoneButFor', { why, left: left.join('\n  ') })}\n`;
  }
  return `${say('trial', { ...names, seconds: timeoutSeconds })}\n`;
}
