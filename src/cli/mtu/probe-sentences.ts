/** What `neutrino mtu probe` says. */
import { catalogue, type Say } from '../../lib/catalogue.ts';

/** Its sentences. */
export const probeSentences = catalogue({
  head: { en: 'Network {name}: MTU {mtu}. Seen from host {host}.', zh: '网络 {name}:MTU {mtu}。从主机 {host} 探测。' },
  way: { en: '{from} → {to}: {what}', zh: '{from} → {to}:{what}' },
  passes: { en: '{largest} passes', zh: '{largest} 可以通过' },
  nothing: { en: 'no answer, not even to a small packet', zh: '小包也没有应答' },
  refusedHere: { en: '{bytes} is refused by the sender itself (MTU {mtu})', zh: '{bytes} 被发送方自身拒绝(MTU {mtu})' },
  refusedBy: { en: '{bytes} is refused by {by} (MTU {mtu})', zh: '{bytes} 被 {by} 拒绝(MTU {mtu})' },
  lost: { en: '{bytes} is lost without an error', zh: '{bytes} 丢失且没有任何错误' },
  gap: { en: ' ', zh: '' },
  hopIn: { en: '{device} in {namespace} {mtu}', zh: '{namespace} 中的 {device} {mtu}' },
  hopUnderlay: { en: 'underlay {device} {mtu}', zh: '底层网络 {device} {mtu}' },
  left: {
    en: '{left} further ways were not probed; name a port for those from it.',
    zh: '还有 {left} 条路径未探测;指定端口可以探测从它出发的路径。',
  },
  fine: {
    en: 'Every packet of full size passes, and no device says otherwise.',
    zh: '满长数据包都能通过,所有设备的 MTU 也一致。',
  },
  notHere: {
    en: 'Nothing on this host belongs to the network: there is no place to send from. Run it on a host that has its DHCP service, its router or an attached instance.',
    zh: '本主机上没有属于该网络的端口,无处发送。请在运行其 DHCP 服务、路由器或已接入实例的主机上执行。',
  },
  failure: { en: 'WRONG', zh: '故障' },
  warning: { en: 'WARNING', zh: '警告' },
  remedy: { en: 'What to do', zh: '处理方法' },
  underlaySmall: {
    en: 'The underlay from {from} to {to} ({host}) carries {carries} bytes and the tunnels need {needs}. Its device here, {device}, says {mtu}.',
    zh: '从 {from} 到 {to}({host})的底层网络只能承载 {carries} 字节,而隧道需要 {needs}。本机设备 {device} 的 MTU 为 {mtu}。',
  },
  underlaySilent: {
    en: 'Nobody says so: larger packets vanish, and connections hang when they begin to send much (a black hole).',
    zh: '没有任何设备报错:更大的数据包直接消失,连接在开始大量传输时卡住(黑洞)。',
  },
  underlayRemedy: {
    en: 'Raise the MTU of every device and switch port between the two hosts to {needs}. Or tell the server what there is, restart it, and let the networks follow:',
    zh: '把两台主机之间所有设备和交换机端口的 MTU 提高到 {needs};或者在服务端配置实际值,重启后让网络跟随:',
  },
  deviceDiffers: {
    en: 'The device {device} has MTU {mtu}; on this network it has to have {expected}.',
    zh: '设备 {device} 的 MTU 是 {mtu},在该网络中应为 {expected}。',
  },
  deviceLoses: {
    en: 'It is the first on the way that takes no larger packets.',
    zh: '它是路径上第一个容不下更大数据包的设备。',
  },
  deviceRemedy: {
    en: "The host's agent sets it; if it does not stay, somebody else sets it too.",
    zh: '由主机上的代理设置;如果之后又变回去,说明还有别的程序在修改它。',
  },
  guestDiffers: {
    en: 'The instance {port} has MTU {mtu} on {device}; DHCP option 26 says {expected}.',
    zh: '实例 {port} 的 {device} MTU 为 {mtu};DHCP 选项 26 给出的是 {expected}。',
  },
  guestLoses: {
    en: 'A packet of {bytes} bytes that it sent vanished without an error.',
    zh: '它发出的 {bytes} 字节的数据包无错误地消失了。',
  },
  guestRemedy: {
    en: 'Have its DHCP client ask for the interface MTU (option 26) and use it, and set it now:',
    zh: '让实例的 DHCP 客户端请求并使用接口 MTU(选项 26);并立即设置:',
  },
  errorSwallowed: {
    en: 'The way out of router {router} carries {largest} bytes, and {from} hears nothing when it sends {bytes} to {to}: "fragmentation needed" is swallowed.',
    zh: '路由器 {router} 的出口只能承载 {largest} 字节,而 {from} 向 {to} 发送 {bytes} 字节时收不到任何回应:“需要分片”报文被吞掉了。',
  },
  errorWrong: {
    en: '{by} tells {from} that {told} bytes fit, and {largest} do.',
    zh: '{by} 告诉 {from} 可以通过 {told} 字节,实际是 {largest}。',
  },
  errorRemedy: {
    en: 'Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) out of the router and in to the instances. Look for what drops it:',
    zh: '放行从路由器到实例的 ICMP 类型 3 代码 4(IPv6:ICMPv6 类型 2)。查找丢弃它的规则:',
  },
  elsewhere: {
    en: 'From {from} to {to}, {largest} bytes pass and {expected} should. Everything on this host and the underlay to {host} are right: the reason is on {host}.',
    zh: '从 {from} 到 {to} 只能通过 {largest} 字节,应为 {expected}。本机和到 {host} 的底层网络都正常:原因在 {host} 上。',
  },
  elsewhereRemedy: { en: 'Run it there:', zh: '在那台主机上执行:' },
  blackHole: {
    en: 'From {from} to {to}, {largest} bytes pass and {expected} should; larger packets vanish behind {after}, and every device up to there is right.',
    zh: '从 {from} 到 {to} 只能通过 {largest} 字节,应为 {expected};更大的数据包在 {after} 之后消失,而此前的设备都正常。',
  },
  blackHoleRemedy: {
    en: 'Raise the MTU of what lies behind, or give the network the one that there is:',
    zh: '提高其后设备的 MTU,或把网络的 MTU 改为实际值:',
  },
  storedAbove: {
    en: 'The network has MTU {stored}, and the configuration gives {now}.',
    zh: '网络的 MTU 是 {stored},而配置只能给出 {now}。',
  },
  storedRemedy: { en: 'Set it:', zh: '修改:' },
  unreachable: {
    en: '{to} does not answer {from}: nothing can be said of the MTU. {why}',
    zh: '{to} 不应答 {from}:无法判断 MTU。{why}',
  },
  unreachableRemedy: {
    en: 'Is the port up, and do its security groups let ICMP echo requests in?',
    zh: '端口是否已启动?安全组是否放行 ICMP 回显请求?',
  },
});

/** Says them. */
export type ProbeSay = Say<typeof probeSentences>;
