import {Help} from '@oclif/core'

export default class PostdeskHelp extends Help {}
