/** Metering labels and their rules (neutron_lib/api/definitions/metering*.py). */
import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';

const chosen = { post: 'manager', filter: true, sort: true } as const;
const policy = { get: 'reader', create: 'manager', delete: 'manager' } as const;
const between = 'metering_source_and_destination_fields';

/** A counter of traffic through the routers of a project. */
export const meteringLabel = bareResource({
  name: 'metering_label',
  plural: 'metering_labels',
  alias: 'metering',
  path: '/metering/metering-labels',
  doc: 'A counter of the traffic through the routers of a project, or of all projects.',
  policy,
  indexes: [['project_id'], ['shared']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project that owns it.', { post: 'admin', filter: true, sort: true }),
    name: field(t.string(255), 'A name for people.', { ...chosen, default: '' }),
    description: field(t.string(1024), 'What a person wrote about it.', { ...chosen, default: '' }),
    shared: field(t.boolean(), 'Whether it counts in the routers of every project.', { ...chosen, default: false }),
  },
});

/** What a label counts, or leaves out. */
export const meteringLabelRule = bareResource({
  name: 'metering_label_rule',
  plural: 'metering_label_rules',
  alias: 'metering',
  path: '/metering/metering-label-rules',
  doc: 'Which traffic a metering label counts, or leaves out.',
  policy,
  indexes: [['project_id'], ['metering_label_id', 'direction', 'excluded']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project of its label.', { hidden: true }),
    metering_label_id: field(t.uuid(), 'Its label.', {
      ...chosen,
      required: true,
      references: { record: 'metering_label', onDelete: 'cascade' },
    }),
    direction: field(t.oneOf('ingress', 'egress'), 'From the external network, or to it.', {
      ...chosen,
      required: true,
    }),
    excluded: field(t.boolean(), 'Whether such traffic is left out.', { ...chosen, default: false }),
    remote_ip_prefix: field(t.nullable(t.ipPrefix()), 'The prefix on this side of the router; the older way.', {
      ...chosen,
      default: null,
    }),
    source_ip_prefix: field(t.nullable(t.ipPrefix()), 'Where the traffic is from.', {
      ...chosen,
      default: null,
      alias: between,
    }),
    destination_ip_prefix: field(t.nullable(t.ipPrefix()), 'Where the traffic goes.', {
      ...chosen,
      default: null,
      alias: between,
    }),
  },
});
