/** Every command of the real `openstack` client about networks that means something here: it takes this for Neutron. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNeutrino, temporaryFolder } from '../support/neutrino.ts';
import { complaint, readTour, runTour } from './support/client-tour.ts';

const skip = existsSync('/usr/bin/openstack')
  ? false
  : "the openstack client is missing (Debian's python3-openstackclient)";

const configuration = `[DEFAULT]
service_plugins = router,port_forwarding,qos,segments,trunk
dns_domain = example.org.
[ml2]
extension_drivers = port_security,dns,dns_domain_ports,data_plane_status,uplink_status_propagation
`;

const networks = String.raw`
extension list --network -f json ~ "rbac-policies"
extension show router -f json ~ "alias": "router"
network create net1 --description d --tag a --mtu 1400 -f json ~ "mtu": 1400[^]*"tags": \[\s*"a"
network set net1 --name net2 --no-tag
network set net2 --name net1 --disable-port-security --tag blue
network set net1 --enable --enable-port-security
network list --tags blue -f json ~ "net1"
network unset net1 --tag blue
network show net1 -f json ~ "tags": \[\]
network list --long -f json ~ "Network Type": "vxlan"
network list --share -f json ~ ^\[\]$
network list --external -f json ~ ^\[\]$
network list --internal --enable --name net1 --project admin --provider-network-type vxlan -f json ~ "net1"
network list --any-tags blue -f json ~ ^\[\]$
network list --not-tags blue --not-any-tags red -f json ~ "net1"
network show nothing ~ No Network found for nothing
network create ext --external --provider-network-type flat --provider-physical-network public -f json ~ "router:external": true
`;

const subnetsAndPorts = String.raw`
subnet create s4 --network net1 --subnet-range 10.0.0.0/24 --gateway 10.0.0.1 --dns-nameserver 8.8.8.8 --allocation-pool start=10.0.0.10,end=10.0.0.99 --host-route destination=10.9.0.0/16,gateway=10.0.0.254 --tag t -f json ~ "nexthop": "10.0.0.254"
subnet create s6 --network net1 --subnet-range fd00::/64 --ip-version 6 --ipv6-ra-mode slaac --ipv6-address-mode slaac -f json ~ "slaac"
subnet set s4 --name s44 --dhcp --dns-nameserver 1.1.1.1 --description x
subnet set s44 --name s4 --no-dns-nameservers --no-host-route --allocation-pool start=10.0.0.100,end=10.0.0.120
subnet set s4 --gateway 10.0.0.2
subnet unset s4 --allocation-pool start=10.0.0.100,end=10.0.0.120 --tag t
subnet show s4 -f json ~ "dns_nameservers": \[\][^]*"gateway_ip": "10.0.0.2"
subnet list --long -f json ~ "s6"
subnet list --network net1 --ip-version 4 --dhcp --gateway 10.0.0.2 --subnet-range 10.0.0.0/24 --name s4 --project admin -f json ~ "s4"
port create p1 --network net1 --fixed-ip subnet=s4,ip-address=10.0.0.5 --enable --mac-address fa:16:3e:11:22:33 --tag x --description d -f json ~ "mac_address": "fa:16:3e:11:22:33"[^]*"tags": \[\s*"x"
port create p2 --network net1 --no-fixed-ip --no-security-group --disable-port-security --vnic-type normal --host h1 --device dev --device-owner compute:nova -f json ~ "binding_host_id": "h1"
port create p3 --network net1 --extra-dhcp-option name=tftp-server,value=10.0.0.9,ip-version=4 --allowed-address ip-address=10.0.0.200 -f json ~ "opt_name": "tftp-server"
port create p4 --network net1 --dns-name web --dns-domain example.org. -f json ~ "dns_name": "web"
port create p5 --network net1 --binding-profile foo=bar --disable -f json ~ "foo": "bar"
port set p1 --name p11 --fixed-ip subnet=s4 --description z
port set p11 --name p1 --no-fixed-ip --fixed-ip ip-address=10.0.0.6
port set p1 --host h2 --vnic-type normal --binding-profile a=b
port set p1 --no-binding-profile
# As in Neutron, a group that stands twice is refused; the client adds to those that are there.
port set p1 --security-group default ~ 400[^]*stands once
port set p1 --no-security-group --security-group default --allowed-address ip-address=10.0.0.77
port set p1 --no-allowed-address --no-security-group
port set p1 --disable-port-security
port set p1 --enable-port-security --tag y
port set p1 --data-plane-status ACTIVE
port set p1 --extra-dhcp-option name=mtu,value=1400
port show p1 -f json ~ "data_plane_status": "ACTIVE"[^]*"ip_address": "10.0.0.6"
port unset p1 --tag y --fixed-ip subnet=s4,ip-address=10.0.0.6
port unset p1 --data-plane-status
port unset p1 --qos-policy
port unset p1 --host
port set p1 --mac-address fa:16:3e:11:22:44
port show p1 -f json ~ "binding_host_id": ""[^]*"mac_address": "fa:16:3e:11:22:44"
port list --long -f json ~ "fa:16:3e:11:22:44"
port list --network net1 --device-owner compute:nova --device-id dev --host h1 -f json ~ "p2"
port list --mac-address fa:16:3e:11:22:44 -f json ~ "p1"
port list --fixed-ip subnet=s4 --fixed-ip ip-substring=10.0 -f json ~ "p3"
port list --name p1 --project admin --any-tags x,y --not-tags q -f json ~ "p1"
port delete p5
`;

const routers = String.raw`
subnet create exts --network ext --subnet-range 203.0.113.0/24 --no-dhcp -f json ~ "enable_dhcp": false
network create in1 -f json
subnet create in1s --network in1 --subnet-range 10.1.0.0/24 -f json
subnet create in1s6 --network in1 --subnet-range fd01::/64 --ip-version 6 -f json
network create in2 -f json
subnet create in2s --network in2 --subnet-range 10.2.0.0/24 -f json
router create r1 --description d --tag q --enable -f json ~ "routes": \[\]
router create r2 --disable --external-gateway ext --disable-snat --fixed-ip subnet=exts,ip-address=203.0.113.50 -f json ~ "enable_snat": false
router set r1 --name r11 --external-gateway ext --enable-snat --description x --tag u
router set r11 --name r1 --fixed-ip ip-address=203.0.113.60 --external-gateway ext
router add subnet r1 in1s
router add subnet r1 in1s6
port create rp --network in2 --fixed-ip subnet=in2s,ip-address=10.2.0.1 -f json
router add port r1 rp
router add route r1 --route destination=10.77.0.0/16,gateway=10.1.0.77 ~ 10.77.0.0/16
router set r1 --route destination=10.78.0.0/16,gateway=10.1.0.78
router remove route r1 --route destination=10.77.0.0/16,gateway=10.1.0.77 ~ 10.78.0.0/16
router show r1 -f json ~ "203.0.113.60"[^]*"interfaces_info"[^]*"10.2.0.1"[^]*"10.78.0.0/16"
router unset r1 --route destination=10.78.0.0/16,gateway=10.1.0.78
router unset r1 --tag u
router list --long --name r1 --enable --tags q --project admin -f json ~ "r1"
router list --disable -f json ~ "r2"
router set r1 --disable
router set r1 --enable
port list --router r1 -f json ~ "network:router_interface|203.0.113.60"
floating ip create ext --description fd --tag ft --floating-ip-address 203.0.113.98 -f json ~ "status": "DOWN"
floating ip create ext --floating-ip-address 203.0.113.99 --subnet exts -f json ~ "203.0.113.99"
port create vm1 --network in1 --fixed-ip subnet=in1s,ip-address=10.1.0.20 -f json
floating ip create ext --port vm1 --fixed-ip-address 10.1.0.20 --floating-ip-address 203.0.113.101 -f json ~ "port_details": \{
floating ip list --port vm1 --fixed-ip-address 10.1.0.20 --floating-ip-address 203.0.113.101 --network ext --router r1 -f json ~ "203.0.113.101"
floating ip unset 203.0.113.101 --port
floating ip set 203.0.113.99 --description zz --tag k
floating ip unset 203.0.113.99 --tag k
floating ip list --long --tags ft -f json ~ "203.0.113.98"
floating ip port forwarding create 203.0.113.99 --internal-ip-address 10.1.0.20 --port vm1 --internal-protocol-port 22 --external-protocol-port 2222 --protocol tcp -f json ~ "external_port": 2222
floating ip port forwarding list 203.0.113.99 --port vm1 --external-protocol-port 2222 --protocol tcp -f json ~ 2222
floating ip delete 203.0.113.99 ~ in use by Port Forwarding
floating ip set 203.0.113.101 --port vm1
router unset r1 --external-gateway ~ required by one or more floating IPs
floating ip delete 203.0.113.98 203.0.113.101
router delete r1 ~ 409
router remove subnet r1 in1s6
router remove port r1 rp
router unset r2 --external-gateway
router show r2 -f json ~ "external_gateway_info": null
router delete r2
`;

const groups = String.raw`
security group create sg1 --description d --tag a --stateless -f json ~ "stateful": false
security group set sg1 --name sg11 --stateful --description e
security group set sg11 --name sg1 --tag b
security group unset sg1 --tag b
security group show sg1 -f json ~ "stateful": true
security group list --project admin --tags a -f json ~ "sg1"
security group rule create sg1 --ingress --protocol tcp --dst-port 80:90 --remote-ip 10.0.0.0/8 --description x -f json ~ "port_range_max": 90
security group rule create sg1 --egress --protocol icmp --icmp-type 8 --icmp-code 0 -f json ~ "port_range_min": 8
security group rule create sg1 --ethertype IPv6 --protocol ipv6-icmp --icmp-type 128 -f json ~ "ether_type": "IPv6"
security group rule create sg1 --protocol any --remote-group default -f json ~ "protocol": null
security group rule create sg1 --protocol 47 -f json ~ "47"
security group rule list sg1 -f json ~ "80:90"
security group rule list --long --ingress --protocol tcp --ethertype IPv4 -f json ~ "80:90"
address group create ag1 --address 10.0.0.0/24 --address 1.2.3.4 --description d -f json ~ "1.2.3.4/32"
address group set ag1 --name ag2 --address 10.5.0.0/16 --description e
address group unset ag2 --address 10.5.0.0/16
address group list --name ag2 --project admin -f json ~ "ag2"
security group rule create sg1 --protocol tcp --dst-port 1 --remote-address-group ag2 -f json ~ "remote_address_group_id": "
address group delete ag2 ~ in use on one or more security group rules
network rbac create --type network --action access_as_shared --target-project demo in1 -f json ~ "access_as_shared"
network rbac create --type network --action access_as_shared --target-all-projects in2 -f json ~ "target_project_id": "\*"
network rbac create --type network --action access_as_external --target-project demo in2 -f json ~ "access_as_external"
network rbac create --type security_group --action access_as_shared --target-project demo sg1 -f json ~ "security_group"
network rbac create --type address_group --action access_as_shared --target-project demo ag2 -f json ~ "address_group"
network rbac create --type network --action access_as_shared --target-project demo in1 ~ 409[^]*already exists
network rbac list --long --type network --action access_as_external -f json ~ "access_as_external"
network list --share -f json ~ "in2"
security group delete sg1
address group delete ag2
security group show sg1 ~ No SecurityGroup found for sg1
`;

const quality = String.raw`
quota list --network -f json ~ ^\[\]$
quota list --detail --network --project demo -f json ~ "rbac_policies"[^]*"Limit": 10
network agent list -f json ~ ^\[\]$
network agent list --network in1 -f json ~ ^\[\]$
network qos policy create q1 --share --description d --default -f json ~ "is_default": true[^]*"shared": true
network qos policy set q1 --name q2 --no-share --no-default
network qos rule create q2 --type bandwidth-limit --max-kbps 1000 --max-burst-kbits 200 --egress -f json ~ "max_kbps": 1000
network qos rule create q2 --type dscp-marking --dscp-mark 26 -f json ~ 26
network qos rule list q2 -f json ~ "bandwidth_limit"[^]*"dscp_marking"
network qos policy list --project admin -f json ~ "q2"
network qos policy show q2 -f json ~ "shared": false
network qos rule type list -f json ~ "bandwidth_limit"
network set in1 --qos-policy q2
port set vm1 --qos-policy q2
network qos policy delete q2 ~ 409
port unset vm1 --qos-policy
network set in1 --no-qos-policy
network qos policy delete q2
network segment list --network in1 -f json ~ "vxlan"
network trunk create t1 --parent-port vm1 -f json ~ "t1"
network trunk list -f json ~ "t1"
network trunk delete t1
network delete in2
`;

const poolsAndZones = String.raw`
subnet create s5 --network net1 --subnet-range 10.0.1.0/24 --no-dhcp --gateway none --service-type network:dhcp -f json ~ "service_types": \[\s*"network:dhcp"
subnet set s5 --service-type compute:nova
subnet unset s5 --service-type network:dhcp
subnet show s5 -f json ~ "service_types": \[\s*"compute:nova"\s*\]
address scope create as1 --ip-version 4 --share -f json ~ "shared": true
address scope set as1 --name as2
address scope list --ip-version 4 --share --name as2 --project admin -f json ~ "as2"
subnet pool create pool1 --pool-prefix 10.128.0.0/9 --default-prefix-length 24 --min-prefix-length 20 --max-prefix-length 28 --address-scope as2 --description d --tag t -f json ~ "10.128.0.0/9"
subnet pool set pool1 --name pool2 --pool-prefix 10.64.0.0/10 --default-quota 100000 --tag u
subnet pool unset pool2 --tag t
subnet pool show pool2 -f json ~ "10.64.0.0/10"
subnet pool list --long --address-scope as2 --name pool2 -f json ~ "pool2"
network create netp -f json
subnet create pooled --network netp --subnet-pool pool2 --prefix-length 26 -f json ~ /26"
subnet pool delete pool2 ~ Subnet pool has existing allocations
address scope delete as2 ~ 409
subnet delete pooled s5
network delete netp
subnet pool delete pool2
address scope delete as2
ip availability list -f json ~ "net1"
ip availability show net1 -f json ~ "used_ips"
network auto allocated topology create --check-resources ~ Deployment error: No default router:external network
`;

const ofDemo = String.raw`
network list -f json ~ "in1"
subnet list -f json ~ "in1s"
port list -f json ~ ^\[\]$
network show net1 ~ No Network found for net1
network set in1 --name mine ~ 403[^]*disallowed by policy
network create x --share ~ 403[^]*create_network:shared
network create own -f json ~ "shared": false
network rbac create --type network --action access_as_shared --target-all-projects own ~ 403
port create mine --network in1 -f json ~ "network_id"
`;

test('the openstack client makes, shows, lists, changes and deletes what it knows of networks', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'neutron.conf');
  await writeFile(file, configuration);
  const server = await startNeutrino(t, join(folder, 'state'), ['--config-file', file]);
  for (const [cloud, tours] of [
    ['neutrino', [networks, subnetsAndPorts, poolsAndZones, routers, groups, quality]],
    ['neutrino-demo', [ofDemo]],
  ] as const) {
    const steps = tours.flatMap(readTour);
    const said = await runTour(server.stateDir, steps, cloud);
    const wrong = steps.flatMap((step, at) => complaint(step, said[at] ?? '') ?? []);
    assert.equal(wrong.join('\n'), '');
  }
});
