/** What the demo says. */
import { catalogue, type Say } from '../../lib/catalogue.ts';

/** The sentences of the demo. */
export const demoSentences = catalogue({
  hosts: {
    en: 'An emulated host, with br-ex, and an outside world with the gateway {gateway}',
    zh: '一台模拟主机(含 br-ex),以及带网关 {gateway} 的外部世界',
  },
  manyHosts: {
    en: '{count} emulated hosts that reach each other, br-ex, and an outside world with the gateway {gateway}',
    zh: '{count} 台彼此相连的模拟主机、br-ex,以及带网关 {gateway} 的外部世界',
  },
  server: { en: 'Server and agent on that host: {url}', zh: '在该主机上启动服务端和代理:{url}' },
  manyAgents: {
    en: 'The server on the first host ({url}), an agent on each',
    zh: '在第一台主机上启动服务端({url}),每台主机上启动一个代理',
  },
  external: {
    en: 'The external network, flat on the physical network public (br-ex)',
    zh: '外部网络:物理网络 public(br-ex)上的 flat 网络',
  },
  tenant: { en: 'A tenant network ({type}), its subnet and a router', zh: '租户网络({type})、子网和路由器' },
  group: { en: 'A security group that lets port 8080 in', zh: '放行 8080 端口的安全组' },
  instance: {
    en: 'An instance that boots by DHCP and serves HTTP on 8080',
    zh: '一个实例:通过 DHCP 获取地址,并在 8080 端口提供 HTTP 服务',
  },
  lease: { en: 'lease: {ip}/{mask}, router {router}, MTU {mtu}', zh: '租约:{ip}/{mask},网关 {router},MTU {mtu}' },
  forward: {
    en: 'A floating IP, and its port 9000 forwarded to 8080 of the instance',
    zh: '一个浮动 IP,将其 9000 端口转发到实例的 8080 端口',
  },
  fetch: { en: 'From the outside world: http://{fip}:9000/', zh: '从外部世界访问:http://{fip}:9000/' },
  live: { en: 'first answer {ms} ms after the API said 201', zh: 'API 返回 201 之后 {ms} 毫秒得到首个应答' },
  path: { en: 'The path of that packet', zh: '这个数据包经过的路径' },
  shut: {
    en: 'The forwarding is deleted: the open connection is cut, the port is shut',
    zh: '删除端口转发:已建立的连接被切断,端口关闭',
  },
  cut: { en: 'the connection that was open fell silent', zh: '已打开的连接不再有数据' },
  closed: { en: 'a new connection: {why}', zh: '新的连接:{why}' },
  clean: { en: 'Everything is taken down', zh: '全部清理完毕' },
  interrupted: { en: 'Interrupted; taking everything down', zh: '已中断,正在清理' },
  kept: {
    en: 'The cloud stays up. Look inside:',
    zh: '这个云保持运行。进入查看:',
  },
  keptClient: { en: 'the real client', zh: '使用真实的客户端' },
  keptHost: {
    en: 'a shell on the host (ip netns, iptables, conntrack)',
    zh: '主机上的 shell(ip netns、iptables、conntrack)',
  },
  keptWorld: { en: 'from outside', zh: '从外部访问' },
  keptDown: { en: 'take it down', zh: '拆除' },
  nothingKept: { en: 'No demo is up.', zh: '没有正在运行的演示。' },
  taken: { en: 'The demo is taken down.', zh: '演示已拆除。' },
  hopOutside: { en: 'outside', zh: '外部' },
  hopBridge: { en: 'bridge of the external network', zh: '外部网络的网桥' },
  hopGateway: { en: 'gateway of the router {router}', zh: '路由器 {router} 的网关' },
  hopRule: { en: 'the rule of the forwarding', zh: '端口转发规则' },
  hopInside: { en: "the router's interface", zh: '路由器内部接口' },
  hopTenant: { en: 'bridge of the tenant network', zh: '租户网络的网桥' },
  hopLeaving: { en: 'leaving {host}', zh: '离开 {host}' },
  hopArriving: { en: 'arriving at {host}', zh: '到达 {host}' },
  hopGroup: { en: 'the security group', zh: '安全组' },
  hopInstance: { en: 'the instance', zh: '实例' },
});

/** Says the sentences of the demo. */
export type DemoSay = Say<typeof demoSentences>;
