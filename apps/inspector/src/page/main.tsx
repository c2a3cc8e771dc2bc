import { render } from 'preact'
import './style/inspector.css'
import { App } from './app/app.tsx'

const page = document.getElementById('page')
if (page !== null) {
  page.replaceChildren()
  render(<App />, page)
}
