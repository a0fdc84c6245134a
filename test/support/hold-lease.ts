/** A process of its own that takes the lease of a source and holds it until it is killed: `STORE-URL SOURCE-IDENTITY`. */
import {parseStoreUrl} from '../../src/lib/store/location.ts'
import {openStore} from '../../src/lib/store/open.ts'
import {acquireLease, findSourceByIdentity} from '../../src/lib/store/sources.ts'

const [url, identity] = process.argv.slice(2)
const store = await openStore(parseStoreUrl(url!, {onCommandLine: false}))
await acquireLease(store, (await findSourceByIdentity(store.db, identity!))!, 'the inbound')
process.stdout.write('held\n')
setInterval(() => {}, 1000)
