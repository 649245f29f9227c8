// What we sell in the sample: parts for automated plants. Prices in CNY.
import { rows } from './columns';

export const ARTICLES = rows(
  'sku | unitPrice | category | description',
  `
  CB-0500 | 38.90    | cables      | 传感器电缆 M12 5 m / Sensor cable M12, 5 m
  CB-2000 | 96.50    | cables      | 伺服电缆 20 m / Servo cable, 20 m
  SN-0110 | 84.00    | sensors     | 电感式接近开关 / Inductive proximity switch
  SN-0240 | 312.50   | sensors     | 光电传感器 / Photoelectric sensor
  SN-0360 | 1180.00  | sensors     | 压力变送器 / Pressure transmitter
  SN-0980 | 5640.00  | sensors     | 激光测距仪 / Laser distance meter
  SF-0045 | 455.00   | safety      | 安全继电器 / Safety relay
  SF-0620 | 6240.00  | safety      | 安全光幕 / Light curtain
  PL-0030 | 3290.00  | controllers | 紧凑型控制器 / Compact controller
  PL-0140 | 14800.00 | controllers | 模块化控制器 / Modular controller
  HM-0100 | 4150.00  | panels      | 操作面板 10 英寸 / Operator panel 10"
  HM-0190 | 11900.00 | panels      | 工业计算机 / Industrial computer
  DR-0007 | 1460.00  | drives      | 变频器 0.75 kW / Frequency converter 0.75 kW
  DR-0220 | 9850.00  | drives      | 变频器 22 kW / Frequency converter 22 kW
  DR-0900 | 38400.00 | drives      | 变频器 90 kW / Frequency converter 90 kW
  MT-0270 | 2760.00  | motors      | 伺服电机 1 kW / Servo motor 1 kW
  MT-0750 | 8320.00  | motors      | 伺服电机 5 kW / Servo motor 5 kW
  RB-0600 | 96500.00 | robots      | 六轴机器人 12 kg / Six-axis robot, 12 kg
  SV-0001 | 5800.00  | services    | 现场调试 1 天 / Commissioning on site, one day
`,
);
