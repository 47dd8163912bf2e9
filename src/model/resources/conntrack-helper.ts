import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';
import { forwardingProtocols } from './port-forwarding.ts';

const writable = { post: 'member', put: 'member', required: true, filter: true, sort: true } as const;

/** A module of the kernel that follows a protocol's further connections through a router. */
export const conntrackHelper = bareResource({
  name: 'conntrack_helper',
  plural: 'conntrack_helpers',
  alias: 'l3-conntrack-helper',
  doc: 'A helper that follows the further connections of a protocol such as FTP through a router.',
  path: '/routers/{router_id}/conntrack_helpers',
  parent: { resource: 'router', field: 'router_id' },
  unique: [['router_id', 'protocol', 'port', 'helper']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    project_id: field(t.string(255), 'The project of its router.', { hidden: true }),
    router_id: field(t.uuid(), 'Its router.', {
      hidden: true,
      references: { record: 'router', onDelete: 'cascade' },
    }),
    protocol: field(t.oneOf(...forwardingProtocols), 'The protocol that it listens to.', writable),
    port: field(t.integer(1, 65535), 'The port that it listens to.', writable),
    helper: field(t.string(64), 'Its name: ftp, tftp, sip …', writable),
  },
});
