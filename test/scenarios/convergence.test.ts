/**
 * Whatever happens in whichever order, and whatever fails on the way, the machine ends as if it had been set up in one go; and
 * when everything is gone, as if nothing had ever been there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HostNetwork, HostObject, HostPort, HostRouter } from '../../src/model/host-objects.ts';
import { hostKey } from '../../src/model/host-objects.ts';
import type { NatDriver } from '../../src/plan/render/index.ts';
import { libraryOfObjects } from './script.ts';
import { SimHost } from './sim-host.ts';

const library = libraryOfObjects();
const router = library.router as HostRouter;
const tenant = library.tenant as HostNetwork;
const instance = library.instance as HostPort;
const tap = 'tap11111111-11';

/** Port for port, shifted and not, and all to one. */
const inside = fc.constantFrom('one', 'same', 'shifted');

const forwardingParts = fc.record({
  inside,
  id: fc.constantFrom('77777777-1', '88888888-1', '99999999-1'),
  floatingip_id: fc.constant('f'),
  floating_ip: fc.constantFrom('172.24.4.10', '172.24.4.11'),
  protocol: fc.constantFrom('tcp', 'udp'),
  external_first: fc.constantFrom(9000, 9001),
  external_last: fc.constantFrom(9001, 9005),
  internal_ip: fc.constant('10.100.0.5'),
});

const forwarding = forwardingParts.map(({ inside, ...one }) => {
  const internal_first = inside === 'same' ? one.external_first : 80;
  const width = inside === 'one' ? 0 : one.external_last - one.external_first;
  return { ...one, internal_first, internal_last: internal_first + width };
});

/** The API lets no two forwardings of a floating IP and protocol share a port. */
const forwardings = fc
  .uniqueArray(forwarding, { selector: ({ floating_ip, protocol }) => `${floating_ip} ${protocol}`, maxLength: 3 })
  .map((all) => [...new Map(all.map((one) => [one.id, one])).values()]);

/** An address of IPv6 beside the others of an interface. */
const withSix = <I extends HostRouter['interfaces'][number]>(one: I, ip: string): I => ({
  ...one,
  fixed_ips: [...one.fixed_ips, { ip, prefix_length: 64, subnet_id: '55555555-0000-4000-8000-000000000006' }],
});

const routers = fc.record({
  gateway: fc.constantFrom(router.gateway, null, router.gateway && withSix(router.gateway, '2001:db8:0:1::2')),
  ndp_proxies: fc.constantFrom([], ['2001:db8:0:2::5'], ['2001:db8:0:2::5', '2001:db8:0:2::6'], undefined, undefined),
  interfaces: fc.constantFrom(
    router.interfaces,
    [],
    router.interfaces.map((one) => withSix(one, '2001:db8:0:2::1')),
    router.interfaces.map((one) => ({ ...one, ipv4_address_scope: '12345678-0000-4000-8000-000000000001' })),
    router.interfaces.map((one) => ({
      ...one,
      advertised: [{ cidr: 'fd00:1::/64', mode: 'slaac' as const, dns_nameservers: [] }],
    })),
  ),
  routes: fc.constantFrom([], [{ destination: '10.9.0.0/16', nexthop: '10.100.0.9' }]),
  admin_state_up: fc.constantFrom(true, true, true, false),
  floating_ips: fc.constantFrom([], [{ id: 'x', floating_ip: '172.24.4.12', fixed_ip: '10.100.0.6' }]),
  port_forwardings: forwardings,
});

const networks = fc.record({
  mtu: fc.constantFrom(1450, 1400),
  segmentation_id: fc.constantFrom(101, 102),
  network_type: fc.constantFrom<HostNetwork['network_type']>('vxlan', 'vxlan', 'local', 'vlan', 'gre', 'geneve'),
  physical_network: fc.constantFrom('public', null),
  remote_ports: fc.constantFrom([], tenant.remote_ports),
});

const ports = fc.record({
  port_security_enabled: fc.boolean(),
  security_groups: fc.constantFrom([], instance.security_groups),
  fixed_ips: fc.constantFrom([], instance.fixed_ips),
});

type Change = { put: HostObject } | { gone: string } | { device: boolean } | { nat: NatDriver } | { restart: true };
const change: fc.Arbitrary<Change> = fc.oneof(
  routers.map(({ ndp_proxies, ...members }) => ({
    put: { ...router, ...members, ...(ndp_proxies ? { ndp_proxies } : {}) },
  })),
  networks.map((members) => ({ put: { ...tenant, ...members } })),
  ports.map((members) => ({ put: { ...instance, ...members } })),
  fc.constantFrom(...Object.values(library)).map((object) => ({ put: object })),
  fc.constantFrom(...Object.keys(library)).map((gone) => ({ gone })),
  fc.boolean().map((device) => ({ device })),
  fc.constant({ restart: true as const }),
  fc.constantFrom<NatDriver>('iptables', 'nftables').map((nat) => ({ nat })),
);

function plug(host: SimHost, there: boolean): void {
  if (host.driver === 'linuxbridge') there ? host.machine.plug(tap) : host.machine.unplug(tap);
  else if (there) host.plugPort(tap, instance.id);
  else host.unplugPort(tap);
}

/** A host whose agent has run before anything came: with Open vSwitch others plug into what it made. */
async function newHost(driver: SimHost['driver']): Promise<SimHost> {
  const host = new SimHost();
  host.driver = driver;
  if (driver === 'openvswitch') await host.converge();
  return host;
}

function make(host: SimHost, one: Change): void {
  const object = 'gone' in one ? library[one.gone] : undefined;
  if ('put' in one) host.put(one.put);
  else if ('nat' in one) host.natDriver = one.nat;
  else if ('restart' in one) host.machine.restartSwitch();
  else if ('device' in one) plug(host, one.device);
  else if (object) host.objects.delete(hostKey(object));
}

/** The traces of others' devices, whose state is not set back, and the order of hooks of different units are not compared. */
function comparable(host: SimHost): string {
  return host.trace().replace(new RegExp(`^ {2}(link|port) ${tap}.*\n`, 'gm'), '');
}

async function freshLike(host: SimHost): Promise<SimHost> {
  const fresh = await newHost(host.driver);
  for (const [network, tag] of host.tags) fresh.tags.set(network, tag);
  fresh.natDriver = host.natDriver;
  for (const object of host.objects.values()) fresh.put(object);
  if ((await host.machine.listLinks()).has(tap)) plug(fresh, true);
  await fresh.converge();
  return fresh;
}

/** Kernel settings of a namespace are never set back: those that were made once may stay. */
const withoutSettings = (text: string) => text.replace(/^ {2}sysctl .*\n/gm, '');

/** The server tells a host of every network that it has a port on. */
function completeNetworks(host: SimHost): void {
  const onNetworks = [...host.objects.values()].some(({ kind }) => ['router', 'dhcp', 'port'].includes(kind));
  if (!onNetworks) return;
  for (const network of [library.public, library.tenant])
    if (network && !host.objects.has(hostKey(network))) host.put(network);
}

const step = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
  failing: fc.array(fc.nat(60), { maxLength: 3 }),
  /** After so many steps the agent is killed. */
  dies: fc.option(fc.nat(60), { nil: Number.POSITIVE_INFINITY }),
});

for (const driver of ['linuxbridge', 'openvswitch'] as const)
  test(`changes applied one after another, with failures, end where a fresh start ends: ${driver}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const host = await newHost(driver);
        for (const { changes, failing, dies } of steps) {
          for (const one of changes) make(host, one);
          const start = host.machine.performed;
          host.machine.fault = (_step, index) => (failing.includes(index - start) ? 'injected' : undefined);
          await host.applyAll(dies);
        }
        host.machine.fault = () => undefined;
        completeNetworks(host);
        await host.converge();
        const fresh = await freshLike(host);
        assert.equal(withoutSettings(comparable(host)), withoutSettings(comparable(fresh)));
        host.objects.clear();
        await host.converge();
        const open = driver === 'linuxbridge' ? `link ${tap}.*(master|up$)` : `port ${tap}: tag (?!4095)`;
        const left = new RegExp(`^ {2}${open}.*`, 'm').exec(host.trace());
        assert.equal(left?.[0], undefined, 'without its port the tap is shut');
        plug(host, false);
        assert.equal(comparable(host), comparable(await newHost(driver)));
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 60) },
    );
  });
