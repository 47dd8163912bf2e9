/** The table of a router on which metering labels count, as it is rendered, for the suite of machines. */
import type { HostMetering, HostRouter } from '../../src/model/host-objects.ts';
import type { Fact, NetnsFact } from '../../src/plan/facts.ts';
import { meteringFacts } from '../../src/plan/render/router-metering.ts';
import type { Sample } from './machine-samples.ts';

/** The table of a router on which labels count by these rules. */
function meteringTable(namespace: string, labels: Readonly<Record<string, HostMetering['rules']>>): Fact {
  const metering = {
    project_id: 'p',
    labels: Object.entries(labels).map(([label_id, rules]) => ({ label_id, rules })),
  };
  const [table] = meteringFacts(
    { gateway: { port_id: 'aaaaaaaa-bbbb' }, metering } as unknown as HostRouter,
    namespace,
  );
  if (!table) throw new Error('no label counts');
  return table;
}

const meteringRule = (
  direction: 'ingress' | 'egress',
  source: string | null,
  destination: string | null,
  excluded = false,
) => ({
  ...{ direction, excluded, source_ip_prefix: source, destination_ip_prefix: destination },
});

/** The table in a namespace, in two states. */
export function meteredRouter(netns: NetnsFact): Sample {
  const table = (labels: Parameters<typeof meteringTable>[1]) => meteringTable(netns.name, labels);
  return {
    title: 'the table of a metered router',
    opaque: true,
    before: [netns],
    first: table({
      one: [
        meteringRule('egress', '0.0.0.0/0', null),
        meteringRule('egress', '::/0', null),
        meteringRule('egress', null, '198.51.100.0/24', true),
        meteringRule('egress', null, '203.0.113.7/32', true),
      ],
      two: [meteringRule('ingress', 'fd00::/8', 'fd00:1::/64'), meteringRule('ingress', null, '10.0.0.0/25')],
    }),
    second: table({
      two: [meteringRule('ingress', null, 'fd00:1::/64'), meteringRule('ingress', null, 'fd00:3::/64')],
      three: [meteringRule('egress', '10.0.0.0/24', '10.0.1.0/24'), meteringRule('ingress', '10.0.0.0/24', null, true)],
    }),
  };
}
