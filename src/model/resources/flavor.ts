import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';

/** The services that flavors can be of, as Neutron calls its plugins. */
export const serviceTypes = [
  'CORE',
  'FLAVORS',
  'L3_ROUTER_NAT',
  'QOS',
  'TRUNK',
  'PORTFORWARDING',
  'SEGMENTS',
  'METERING',
  'CONNTRACKHELPER',
  'LOCAL_IP',
  'NETWORK_SEGMENT_RANGE',
] as const;

const text = { post: 'admin', put: 'admin', default: '', filter: true, sort: true } as const;
const enabled = { post: 'admin', put: 'admin', default: true, filter: true, sort: true } as const;

/** A kind of a service that an administrator offers. */
export const flavor = bareResource({
  name: 'flavor',
  plural: 'flavors',
  alias: 'flavors',
  doc: 'A kind of a service that an administrator offers: how it is made is in its service profiles.',
  sight: ['everyone'],
  policy: { get: 'reader', create: 'admin', update: 'admin', delete: 'admin' },
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    name: field(t.string(255), 'A name for people.', text),
    description: field(t.nullable(t.string(1024)), 'What it offers.', text),
    service_type: field(t.oneOf(...serviceTypes), 'The service that it is of.', {
      post: 'admin',
      required: true,
      filter: true,
      sort: true,
    }),
    service_profiles: field(t.list(t.uuid()), 'The profiles that it is associated with.', { stored: false }),
    enabled: field(t.boolean(), 'Whether it may be chosen.', enabled),
  },
});

/** How a service of a flavor is made. */
export const serviceProfile = bareResource({
  name: 'service_profile',
  plural: 'service_profiles',
  alias: 'flavors',
  doc: 'How a service of a flavor is made: by which driver, with which settings.',
  policy: { get: 'admin', create: 'admin', update: 'admin', delete: 'admin' },
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    description: field(t.nullable(t.string(1024)), 'What it is for.', text),
    driver: field(t.string(1024), 'The driver of a service provider.', text),
    metainfo: field(t.string(4096), 'Settings for the driver, as text.', text),
    enabled: field(t.boolean(), 'Whether it may be used.', enabled),
  },
});
