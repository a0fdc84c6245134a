import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderSecrets} from '../../lib/cli/render-secrets.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'
import type {SecretSummary} from '../../lib/secret-names.ts'

/** Which secrets this machine can resolve. */
export interface SecretVerifyResult {
  readonly secrets: readonly SecretSummary[]
}

export default class SecretVerify extends BaseCommand<typeof SecretVerify, SecretVerifyResult> {
  static override summary = 'Resolve the secrets of the portal as a sync would, and say which cannot be.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> acme/inbound/password',
  ]
  static override args = {name: Args.string({name: 'NAME', description: 'Only this secret.', ignoreStdin: true})}
  static override exitCodes = [EXIT.config]

  async run(): Promise<SecretVerifyResult> {
    const [{namedSecrets, pickSecrets, portalOfSecret, verifySecrets}, {secretUnresolved}] = [
      await import('../../lib/secret-names.ts'),
      await import('../../lib/errors.ts'),
    ]
    const {name} = this.args
    const portal = await (name === undefined ? this.portal() : this.portal(portalOfSecret(name)))
    const picked = pickSecrets(await namedSecrets(await this.store(), portal), name === undefined ? [] : [name])
    const secrets = picked.length === 0 ? [] : await verifySecrets(picked, await this.secrets())
    const bad = secrets.filter(({problem}) => problem !== null)
    if (bad.length > 0) this.fail(secretUnresolved(bad.map((secret) => secret.name).join(', '), bad[0]!.problem!))
    return {secrets}
  }

  protected render({secrets}: SecretVerifyResult, style: Style): string {
    return renderSecrets(secrets, style)
  }
}
