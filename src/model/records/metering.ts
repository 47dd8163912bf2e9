/** Tables of what metering labels have counted. */
import { field, record } from '../language.ts';
import * as t from '../types.ts';

const count = t.integer(0, Number.MAX_SAFE_INTEGER);
const label = () => field(t.uuid(), 'The label.', { references: { record: 'metering_label', onDelete: 'cascade' } });
const direction = () => field(t.oneOf('ingress', 'egress'), 'In from the external network, or out to it.');
const counts = {
  packets: field(count, 'How many packets.'),
  bytes: field(count, 'How many bytes.'),
  first_update: field(t.timestamp(), 'When a host first told of any.'),
  last_update: field(t.timestamp(), 'When a host last told of more.'),
};

/** What a label counted on a router while a host carried it. A row goes when the counters of a router that is gone have ended. */
export const meteringCount = record({
  name: 'metering_count',
  plural: 'metering_counts',
  doc: 'What a metering label counted on a router, on one host.',
  key: ['host', 'router_id', 'label_id', 'direction'],
  fields: {
    host: field(t.string(255), 'The host.'),
    router_id: field(t.uuid(), 'The router; it may be gone.'),
    label_id: label(),
    direction: direction(),
    project_id: field(t.string(255), 'The project of the router.'),
    ...counts,
    read_packets: field(count, 'What the counter of the host was at when it was last read.'),
    read_bytes: field(count, 'The same in bytes.'),
    boot: field(t.string(64), "The run of the host's kernel in which it was read."),
  },
});

/** What a label counted on all routers of a project, those that are gone too. */
export const meteringTotal = record({
  name: 'metering_total',
  plural: 'metering_totals',
  doc: 'What a metering label counted on the routers of a project, ever.',
  key: ['label_id', 'project_id', 'direction'],
  fields: { label_id: label(), project_id: field(t.string(255), 'The project.'), direction: direction(), ...counts },
});

/** The last report of counts that a host made: one that comes twice counts once. */
export const meteringReport = record({
  name: 'metering_report',
  plural: 'metering_reports',
  doc: 'The last report of counts that a host made.',
  key: ['host'],
  fields: {
    host: field(t.string(255), 'The host.'),
    run: field(t.string(64), 'The run of its agent.'),
    number: field(count, 'The number of the report in it.'),
  },
});
