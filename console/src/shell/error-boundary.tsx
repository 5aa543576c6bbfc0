import { Component } from 'react'
import { Failure } from '../ui/page.tsx'

interface Props {
  readonly children: React.ReactNode
}

/** A page that breaks takes nothing with it: the shell stays, and says what happened. */
export class ErrorBoundary extends Component<Props, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {}

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error }
  }

  override render(): React.ReactNode {
    const { error } = this.state
    return error === undefined ? this.props.children : <Failure error={error} retry={() => location.reload()} />
  }
}
