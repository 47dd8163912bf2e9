import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resources } from '../model/index.ts';
import { extensions, publishedAliases, publishedExtensions, servicePluginNames } from './extensions.ts';

const aliases = (servicePlugins: string[], extensionDrivers: string[] = []) =>
  publishedExtensions({ servicePlugins, extensionDrivers }).map((extension) => extension.alias);

test('plugins and drivers switch their extensions', () => {
  assert.equal(aliases([]).includes('router'), false);
  assert.equal(aliases([]).includes('port-security'), false);
  assert.equal(aliases([], ['port_security']).includes('port-security'), true);
  assert.equal(aliases(['router']).includes('extraroute'), true);
  assert.equal(aliases(['router']).includes('floating-ip-port-forwarding'), false);
  const forwarding = aliases(['router', 'segments', 'port_forwarding']).filter((alias) => alias.includes('forwarding'));
  assert.deepEqual(forwarding, [
    'expose-port-forwarding-in-fip',
    'floating-ip-port-forwarding',
    'floating-ip-port-forwarding-description',
    'floating-ip-port-forwarding-detail',
    'floating-ip-port-forwarding-port-ranges',
  ]);
  assert.equal(aliases(['segments']).includes('segment'), true);
  assert.equal(aliases(['router']).includes('segment'), false);
});

test('class paths are the plugins that they name, and port forwarding brings the router', () => {
  const paths = [
    'neutron.services.l3_router.l3_router_plugin.L3RouterPlugin',
    'neutron.services.portforwarding.pf_plugin.PortForwardingPlugin',
  ];
  assert.deepEqual(servicePluginNames({ servicePlugins: paths }), new Set(['router', 'port_forwarding']));
  assert.deepEqual(aliases(['port_forwarding']), aliases(paths));
});

test('every alias of the model is an extension or the core, and none stands twice', () => {
  const every = extensions.flatMap((extension) => extension.needs);
  const all = publishedAliases({ servicePlugins: every, extensionDrivers: every });
  for (const resource of resources) {
    assert.ok(all.has(resource.alias), resource.alias);
    for (const field of Object.values(resource.fields)) assert.ok(field.alias === undefined || all.has(field.alias));
  }
  assert.equal(new Set(extensions.map((extension) => extension.alias)).size, extensions.length);
});
