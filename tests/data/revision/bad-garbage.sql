 lorem ipsum
