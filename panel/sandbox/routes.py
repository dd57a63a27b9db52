from panel.http.pages import Pages

pages = Pages("x")
