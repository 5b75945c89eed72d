import { wailsBridge } from './bridge/wails'
import { show } from './page'

show(wailsBridge())
