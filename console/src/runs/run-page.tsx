export default function Page(): React.JSX.Element {
  return <p>Soon</p>
}
