/** A probe as a person reads it. */
import type { Hop } from '../../mtu/hops.ts';
import { type Finding, type Probed, wayOf } from '../../mtu/judge.ts';
import { remedyOf } from '../../mtu/remedies.ts';
import type { ProbeWorld } from '../../mtu/world.ts';
import type { ProbeSay } from './probe-sentences.ts';

function measuredWords({ measured }: Probed, say: ProbeSay): string {
  const { largest, above } = measured;
  if (largest === null) return say('nothing');
  const passes = say('passes', { largest });
  if (!above) return passes;
  const { bytes, sent } = above;
  if (sent.outcome === 'lost') return `${passes}; ${say('lost', { bytes })}`;
  if (sent.outcome !== 'refused') return passes;
  const { mtu, by } = sent;
  return `${passes}; ${by === null ? say('refusedHere', { bytes, mtu }) : say('refusedBy', { bytes, by, mtu })}`;
}

function hopWords({ kind, namespace, device, mtu, expected }: Hop, say: ProbeSay): string {
  const wrong = kind !== 'underlay' && mtu !== expected ? ` (≠ ${expected})` : '';
  if (kind === 'underlay') return say('hopUnderlay', { device, mtu });
  // qr-, qg- and ns- devices say by their names where they are.
  const isNamed = namespace === '' || /^q(router|dhcp)-/.test(namespace);
  return `${isNamed ? `${device} ${mtu}` : say('hopIn', { device, namespace, mtu })}${wrong}`;
}

/** What the target is called: by its own name, or by its router's. */
function targetName(world: ProbeWorld, { port, router }: Probed['path']['to']): string | undefined {
  const of = router ?? world.routers.find(({ id }) => id === port?.deviceId);
  return port?.name || of?.name || of?.id || port?.deviceOwner;
}

function probedWords(world: ProbeWorld, one: Probed, say: ProbeSay): string[] {
  const { from, to } = wayOf(one.path);
  const name = targetName(world, one.path.to);
  const target = [to, name && `(${[name, one.host].filter(Boolean).join(', ')})`].filter(Boolean).join(' ');
  return [
    say('way', { from, to: target, what: measuredWords(one, say) }),
    `    ${one.hops.map((hop) => hopWords(hop, say)).join(' → ')}`,
  ];
}

/** What is wrong, and what to do, in words. */
function told(finding: Finding, say: ProbeSay): { readonly what: string; readonly todo: string } {
  switch (finding.code) {
    case 'underlay-small': {
      const { from, to, host, carries, needs, device, mtu, silent } = finding;
      const what = say('underlaySmall', { from, to, host, carries, needs, device, mtu });
      return {
        what: silent ? `${what}${say('gap')}${say('underlaySilent')}` : what,
        todo: say('underlayRemedy', { needs }),
      };
    }
    case 'device-differs': {
      const { namespace, mtu, expected, severity } = finding;
      const device = namespace === '' ? finding.device : `${finding.device} (${namespace})`;
      const what = say('deviceDiffers', { device, mtu, expected });
      return {
        what: severity === 'failure' ? `${what}${say('gap')}${say('deviceLoses')}` : what,
        todo: say('deviceRemedy'),
      };
    }
    case 'guest-differs': {
      const { port, mtu, device, expected, lost } = finding;
      const what = say('guestDiffers', { port, mtu, device, expected });
      return {
        what: lost === null ? what : `${what}${say('gap')}${say('guestLoses', { bytes: lost })}`,
        todo: say('guestRemedy'),
      };
    }
    case 'error-swallowed': {
      const { router, largest, lost: bytes, way } = finding;
      return { what: say('errorSwallowed', { router, largest, bytes, ...way }), todo: say('errorRemedy') };
    }
    case 'error-wrong': {
      const { by, told: size, largest, way } = finding;
      return { what: say('errorWrong', { by, told: size, largest, from: way.from }), todo: say('errorRemedy') };
    }
    case 'elsewhere': {
      const { host, largest, expected, way } = finding;
      return { what: say('elsewhere', { host, largest, expected, ...way }), todo: say('elsewhereRemedy') };
    }
    case 'black-hole': {
      const { after, largest, expected, way } = finding;
      return { what: say('blackHole', { after, largest, expected, ...way }), todo: say('blackHoleRemedy') };
    }
    case 'stored-above': {
      const { stored, now } = finding;
      return { what: say('storedAbove', { stored, now }), todo: say('storedRemedy') };
    }
    case 'unreachable':
      return { what: say('unreachable', { ...finding.way, why: finding.why }), todo: say('unreachableRemedy') };
  }
}

function findingWords(finding: Finding, world: ProbeWorld, say: ProbeSay): string[] {
  const { what, todo } = told(finding, say);
  const commands = remedyOf(finding, world).map((command) => `      ${command}`);
  return ['', `${say(finding.severity)} ${finding.code}: ${what}`, `  ${say('remedy')}: ${todo}`, ...commands];
}

/** What came of a probe. */
export interface Outcome {
  readonly probed: readonly Probed[];
  /** Ways that were left out. */
  readonly left: number;
  readonly findings: readonly Finding[];
}

/** The ways, what passed on each, and what is wrong. */
export function probeWords(world: ProbeWorld, { probed, left, findings }: Outcome, say: ProbeSay): string {
  const { id, name, mtu } = world.network;
  const head = say('head', { name: name === '' ? id : `${name} (${id})`, mtu, host: world.host });
  const body = probed.flatMap((one) => probedWords(world, one, say));
  const more = left === 0 ? [] : [say('left', { left })];
  const end = findings.length === 0 ? ['', say('fine')] : findings.flatMap((one) => findingWords(one, world, say));
  return `${[head, '', ...body, ...more, ...end].join('\n')}\n`;
}
