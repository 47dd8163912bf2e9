/** What the commands about metering labels say. */
import { catalogue, type Say } from '../../lib/catalogue.ts';

/** The sentences of `neutrino metering list` and `show`. */
export const meteringSentences = catalogue({
  none: {
    en: 'There is no metering label: openstack network meter create NAME',
    zh: '没有计量标签:openstack network meter create NAME',
  },
  ofProject: { en: '{label}: of project {project}', zh: '{label}:属于项目 {project}' },
  ofAll: { en: '{label}: of all projects', zh: '{label}:适用于所有项目' },
  nothing: {
    en: 'nothing counted yet: hosts report every report_interval seconds (metering_agent.ini)',
    zh: '还没有计数:主机每隔 report_interval 秒上报一次(metering_agent.ini)',
  },
  ingress: { en: 'in from outside', zh: '入向' },
  egress: { en: 'out', zh: '出向' },
  total: {
    en: 'project {project}, {direction}: {bytes} bytes in {packets} packets',
    zh: '项目 {project},{direction}:{bytes} 字节,{packets} 个数据包',
  },
  onRouter: {
    en: 'router {router} on {host}, {direction}: {bytes} bytes in {packets} packets, last {last}',
    zh: '路由器 {router}(主机 {host}),{direction}:{bytes} 字节,{packets} 个数据包,最近 {last}',
  },
});

/** Says them. */
export type MeteringSay = Say<typeof meteringSentences>;
