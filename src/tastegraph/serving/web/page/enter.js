// A wrong token leads back here; say so.
document.getElementById("wrong").hidden = location.search !== "?again";
