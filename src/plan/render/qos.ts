/**
 * How fast a port may be, and how its packets are marked. What the instance receives waits in the queue of its tap, as Neutron
 * does it. What it sends waits in the queue of a device that it is led through: Neutron's Linux bridge agent drops it instead
 * (`tc police`), which kernels can be built without, and which TCP takes as losses.
 */
import type { HostBandwidth, HostPort } from '../../model/host-objects.ts';
import type { Fact, HookFact, Qdisc } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { queueName, tapName } from './names.ts';

/** Of the limit, where the policy names no burst (Neutron: DEFAULT_BURST_RATE). */
const usualBurst = 0.8;
/** Ticks of the kernel's clock in a second: a bucket is never smaller than what one tick brings (`[QOS] kernel_hz`). */
const ticks = 250;
/** What the kernel can count in: the bucket fills within so many seconds, and has so many bytes at most. */
const longestFill = 200;
const largestBucket = 2 ** 30;
/** Ethernet header and VLAN tag, bytes. */
const frameOverhead = 18;

/** A bucket for a limit, for frames of a network with this MTU: the largest of them must fit. */
export function bucketOf(limit: HostBandwidth, mtu: number): Qdisc {
  const rate = limit.max_kbps * 125;
  const asked = limit.max_burst_kbps > 0 ? limit.max_burst_kbps * 125 : rate * usualBurst;
  const least = Math.max(rate / ticks, mtu + frameOverhead);
  const most = Math.min(Math.max(rate * longestFill, least), largestBucket);
  return { type: 'tbf', rateKbps: limit.max_kbps, burstBytes: Math.ceil(Math.min(Math.max(asked, least), most)) };
}

/** The queues of a port whose tap is there. */
export function queueFacts(port: HostPort, mtu: number): Fact[] {
  const { ingress = null, egress = null } = port.qos ?? {};
  const on = (device: string, qdisc: Qdisc): Fact => ({ fact: 'qdisc', namespace: '', device, qdisc });
  const [tap, queue] = [tapName(port.id), queueName(port.id)];
  const facts: Fact[] = [];
  if (ingress) facts.push(on(tap, bucketOf(ingress, mtu)));
  if (egress)
    facts.push(
      { fact: 'link', namespace: '', name: queue, kind: { type: 'ifb' }, up: true },
      on(queue, bucketOf(egress, mtu)),
      on(tap, { type: 'ingress', redirect: queue }),
    );
  return facts;
}

/**
 * The limits of a port of a switch: what the instance receives waits in the queue of its device, where it has one (`queues`: a
 * patch has none); what it sends is metered, since a switch outside the kernel hears the device before any queue does.
 */
export function switchLimits(
  port: HostPort,
  { device, bridge, queues }: { readonly device: string; readonly bridge: string; readonly queues: boolean },
  mtu: number,
): Fact[] {
  const { ingress = null, egress = null } = port.qos ?? {};
  const facts: Fact[] = [];
  if (ingress && queues) facts.push({ fact: 'qdisc', namespace: '', device, qdisc: bucketOf(ingress, mtu) });
  if (egress) {
    const burst = egress.max_burst_kbps > 0 ? egress.max_burst_kbps : egress.max_kbps * usualBurst;
    const burstKbit = Math.ceil(Math.max(burst, (mtu + frameOverhead) / 125));
    facts.push({ fact: 'meter', bridge, port: device, rateKbps: egress.max_kbps, burstKbit });
  }
  return facts;
}

/** The mark of what a port sends, as Neutron's Linux bridge agent writes it, both families. */
export function markHooks(port: HostPort): HookFact[] {
  const mark = port.qos?.dscp_mark ?? null;
  if (mark === null) return [];
  const text = rule({
    matches: [`-m physdev --physdev-in ${tapName(port.id)} --physdev-is-bridged`],
    jump: `DSCP --set-dscp 0x${mark.toString(16).padStart(2, '0')}`,
  });
  const into = {
    fact: 'hook',
    namespace: '',
    table: 'mangle',
    chain: 'POSTROUTING',
    rule: text,
    anywhere: true,
  } as const;
  return [
    { ...into, family: 4 },
    { ...into, family: 6 },
  ];
}
